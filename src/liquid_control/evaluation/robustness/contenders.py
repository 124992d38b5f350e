"""The policies of a comparison, as they are named on the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.robustness.results import PolicyFacts

DEFAULT = ('cfc', 'ltc', 'lstm', 'gru')
"""Policies that are compared if none is named, as far as they ship for the robot."""


@dataclass(frozen=True)
class Contender:
    """One policy with the bundles of its trainings, one or more."""

    name: str
    bundles: tuple[Bundle, ...]

    def facts(self, figures: dict[str, float]) -> PolicyFacts:
        """What results say of it."""
        bundles = tuple(
            {
                'path': _short(bundle.path),
                'sha256': bundle.sha256,
                'seed': bundle.provenance.get('seed'),
            }
            for bundle in self.bundles
        )
        return PolicyFacts(self.name, self.bundles[0].cell, bundles, figures)


def contenders(texts: Sequence[str], robot: Contract) -> tuple[Contender, ...]:
    """Read the policies of a comparison, and refuse those that do not fit the robot.

    Args:
        texts: names of policies that ship, paths of bundles, or ``NAME=FILE``, which may be
            repeated for several trainings of one policy; ``all`` are all students that ship. By
            default :data:`DEFAULT`.
        robot: contract of the robot.

    Raises:
        ContractError: a policy does not fit the robot.
        FileNotFoundError: there is no such file.
        ValueError: a policy is unknown or no bundle, or is there twice, or its name can be that of
            no file.
    """
    files: dict[str, list[Path]] = {}
    named = _named(texts, robot)
    for name, path in named:
        if name in files and not any(text.startswith(f'{name}=') for text in texts):
            raise ValueError(
                f'--policy: {path} and {files[name][0]} would both be called {name}: give them '
                'names, as in NAME=FILE'
            )
        files.setdefault(name, []).append(path)
    return tuple(_contender(name, group, robot) for name, group in files.items())


def expert(robot: Contract) -> Contender | None:
    """The policy whose return is 100 %: the robot's expert, if there is one."""
    path = paths.policies(Path(robot.source)).get(paths.EXPERT)
    return None if path is None else _contender(paths.EXPERT, [path], robot)


def _named(texts: Sequence[str], robot: Contract) -> list[tuple[str, Path]]:
    source = Path(robot.source)
    shipped = paths.policies(source)
    students = [name for name in shipped if name != paths.EXPERT] or list(shipped)
    default = [name for name in DEFAULT if name in shipped] or students
    found: list[tuple[str, Path]] = []
    for text in texts or default:
        if text == paths.ALL:
            if not students:
                raise ValueError(f'--policy all: none ships for {robot.robot}')
            found += [(each, shipped[each]) for each in students]
        else:
            name, file = paths.named(text)
            found.append((name, paths.policy(file, source)))
    if not found:
        raise ValueError(f'--policy: none ships for {robot.robot}: give the path of an .onnx file')
    return found


def _contender(name: str, files: list[Path], robot: Contract) -> Contender:
    bundles: dict[str, Bundle] = {}
    for path in files:
        bundle = Bundle.read(path.resolve())
        bundle.require_driver(robot)
        same = bundles.setdefault(bundle.sha256, bundle)
        if same is not bundle:
            raise ValueError(f'--policy: {name}: {same.path} and {bundle.path} are the same bundle')
    return Contender(name, tuple(bundles.values()))


def _short(path: Path | None) -> str:
    """A path as seen from the present folder, if it lies in it: results may be shared."""
    if path is None:
        return ''
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
