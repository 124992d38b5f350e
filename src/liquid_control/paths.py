"""Where the shared files are: launch files, parameter files, contracts and shipped policies.

One folder holds ``launch/``, ``config/`` and ``sim/``. colcon installs it under
``share/liquid_control`` of a prefix in the ament index, ``pip install`` under that of the Python
environment, and ``pip install -e`` leaves it in the source tree.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown

PACKAGE = 'liquid_control'
EXPERT = 'expert'
ALL = 'all'
"""Stands for all policies that ship for a robot."""
_CONTRACT = ('.yaml', '.yml')
_BUNDLE = '.onnx'
FILES = (*_CONTRACT, _BUNDLE)
"""How the names of contracts and bundles end."""
_FIRST = ('cfc', EXPERT)
"""Policies of a robot that drive if none is named; the first that ships does."""
_LONGEST = 200
"""Bytes of a policy's name, which begins names of files."""
_MARKER = Path('share/ament_index/resource_index/packages') / PACKAGE


def share() -> Path:
    """Return the folder with ``launch/``, ``config/`` and ``sim/``.

    Looks in the ament index first, then the source tree, then the Python environment.

    Raises:
        FileNotFoundError: it is in none of these places.
    """
    places = _places()
    for place in places:
        if (place / 'sim').is_dir():
            return place
    raise FileNotFoundError(
        f'the shared files of {PACKAGE} (launch, config, sim) are in none of: '
        f'{", ".join(map(str, places))}; build the package with colcon and source '
        'install/setup.bash, or install it with pip'
    )


def _places() -> list[Path]:
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    indexed = [p / 'share' / PACKAGE for p in prefixes if (p / _MARKER).exists()]
    return [*indexed, Path(__file__).resolve().parents[2], Path(sys.prefix) / 'share' / PACKAGE]


def robots() -> dict[str, Path]:
    """Return name → contract of every available robot, including simulated ones."""
    found = {path.parent.name: path for path in share().glob('sim/*/contract.yaml')}
    found.update((path.stem, path) for path in share().glob('config/robots/*.yaml'))
    return dict(sorted(found.items()))


def robot(name_or_path: str | Path) -> Path:
    """Find a robot's contract, given the path of a YAML file or a robot's name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there is no robot of this name, or it is a policy; the message lists the robots.
    """
    if str(name_or_path).endswith(_BUNDLE):
        raise ValueError(
            f'robot {name_or_path}: is a policy, not a contract: expected the path of a YAML file, '
            f'or one of {", ".join(robots())}'
        )
    if is_path(name_or_path):
        return existing(name_or_path, 'contract', robots())
    found = robots()
    if name_or_path not in found:
        raise ValueError(unknown('robot', str(name_or_path), found))
    return found[name_or_path]


def policies(robot_name: str | Path) -> dict[str, Path]:
    """Return name → bundle of every policy for a robot, including its expert.

    They are those beside its contract, else those that ship for the robot that the contract names.

    Args:
        robot_name: name of a robot, or the path of its contract.

    Raises:
        ContractError: the contract is wrong.
        FileNotFoundError: there is no such file.
        ValueError: there is no robot of this name.
    """
    contract = robot(robot_name)
    beside = _policies_in(contract.parent) if contract.name == 'contract.yaml' else {}
    return beside or _policies_in(share() / 'sim' / _name(contract))


def _policies_in(folder: Path) -> dict[str, Path]:
    found = {path.stem: path for path in sorted(folder.glob('policies/*.onnx'))}
    if (folder / f'{EXPERT}.onnx').is_file():
        found[EXPERT] = folder / f'{EXPERT}.onnx'
    return found


def policy(name_or_path: str | Path, robot_name: str | Path) -> Path:
    """Find a policy's bundle, given the path of an ``.onnx`` file, its name, or ``expert``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the robot has no policy of this name; the message lists those there are.
    """
    found = policies(robot_name)
    if is_path(name_or_path, _BUNDLE):
        return existing(name_or_path, 'policy', found)
    if name_or_path not in found:
        if not found:
            raise ValueError(
                f'policy {name_or_path}: none ships for {_name(robot_name)}; '
                'give the path of an .onnx file'
            )
        raise ValueError(unknown(f'policy for {_name(robot_name)},', str(name_or_path), found))
    return found[name_or_path]


def named(text: str) -> tuple[str, str]:
    """Split a policy into its name and the name or path of its bundle.

    Args:
        text: ``NAME=FILE``, or only a name or path, which is called after its file.

    Raises:
        ValueError: a part is empty, or the name cannot be part of a file's name.
    """
    name, equals, file = text.partition('=')
    if not equals:
        name, file = Path(text).stem, text
    elif not name or not file:
        raise ValueError(f'--policy: expected NAME=FILE, found {text!r}')
    if '/' in name or name.startswith('.') or not name.isprintable():
        raise ValueError(
            f'--policy: expected a name without / that does not start with a dot, found {name!r}'
        )
    if (length := len(name.encode())) > _LONGEST:
        raise ValueError(
            f'--policy: expected a name of at most {_LONGEST} bytes, found {length}: '
            f'{name[:20]}…; give it a shorter one, as in NAME=FILE'
        )
    return name, file


def chosen_policies(names: Iterable[str], robot_name: str | Path) -> list[Path]:
    """Find the bundles of several policies; the name ``all`` stands for all that ship.

    Args:
        names: names or paths of bundles.
        robot_name: name of a robot, or the path of its contract.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the robot has no policy of a name, or none at all.
    """
    found: list[Path] = []
    for name in names:
        if name == ALL and not policies(robot_name):
            raise ValueError(f'--policy {ALL}: none ships for {_name(robot_name)}')
        found += policies(robot_name).values() if name == ALL else [policy(name, robot_name)]
    return list(dict.fromkeys(found))


def default_policy(robot_name: str | Path) -> str:
    """Name of the policy that drives a robot if none is named.

    Raises:
        ValueError: no policy ships for the robot.
    """
    found = policies(robot_name)
    for name in (*_FIRST, *found):
        if name in found:
            return name
    raise ValueError(
        f'no policy ships for {_name(robot_name)}: give the path of an .onnx file; '
        f'liquid-control train expert --robot {_name(robot_name)} trains one, if it is simulated'
    )


def _name(robot_name: str | Path) -> str:
    """Name of the robot that a contract describes."""
    return Contract.load(robot(robot_name)).robot


def is_path(value: str | Path, *suffixes: str) -> bool:
    """Whether a value is the path of a file, by default a contract's, and not a name."""
    return isinstance(value, Path) or '/' in value or value.endswith(suffixes or _CONTRACT)


def existing(path: str | Path, kind: str, names: Iterable[str] = ()) -> Path:
    """Return the path of a file of some kind that must be there.

    Raises:
        FileNotFoundError: there is no such file; the message lists ``names``, if any.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        listed = ', '.join(sorted(names))
        known = f'; known names: {listed}' if listed else ''
        raise FileNotFoundError(f'{kind} {path}: no such file{known}')
    return path
