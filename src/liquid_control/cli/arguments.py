"""Arguments shared by several verbs."""

import argparse
import contextlib
import math
import os
import signal
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

ROBOT = 'walker2d'
"""The robot of every verb that is given none."""


def add_walk_arguments(parser: argparse.ArgumentParser, folder: str) -> None:
    """Add the arguments of every verb that lets policies walk on a graph."""
    parser.add_argument('--seed', type=whole(0), default=0, help='seed of walks and faults (0)')
    parser.add_argument(
        '--seconds',
        type=number(0.0, excluded=True),
        help="longest episode in s (the robot's own: 8 for walker2d)",
    )
    add_priority_argument(parser, 'simulation, fault and policy node')
    parser.add_argument('--out', type=Path, help=f'folder to create ({folder})')
    parser.add_argument('--no-video', action='store_true', help='draw no video')
    add_json_argument(parser, 'write the metrics to a file')


def add_simulated_argument(parser: argparse.ArgumentParser, contract: bool = False) -> None:
    """Add ``--robot``, the name of a simulated robot, or the path of a contract for one."""
    from liquid_control.sim import simulated_robots

    path = ', or the path of a contract for one' if contract else ''
    parser.add_argument(
        '--robot',
        default=ROBOT,
        metavar='ROBOT' if contract else 'NAME',
        help=f'simulated robot: {", ".join(simulated_robots())}{path} ({ROBOT})',
    )


def add_priority_argument(parser: argparse.ArgumentParser, whose: str) -> None:
    """Add ``--priority``: a real-time priority for the nodes between sensor and command."""
    parser.add_argument(
        '--priority',
        type=whole(0, 99),
        default=0,
        metavar='N',
        help=f'real-time priority (SCHED_FIFO, 1 to 99) of {whose}; liquid-control doctor says '
        'whether this machine permits it (0: none)',
    )


def add_json_argument(parser: argparse.ArgumentParser, text: str, tables: bool = True) -> None:
    """Add ``--json``, where to write the results too, checked before any work is done.

    If the verb prints tables of figures, add ``--csv`` as well; cli.py writes it.
    """
    parser.add_argument(
        '--json', type=file_to_write, metavar='FILE', help=f'{text}; -: standard output'
    )
    if tables:
        rows = parser.get_default('writes_csv')  # by itself, not by its tables
        what = 'the tables to a file, an empty line between two'
        if rows:
            what = 'one row a policy, family, level and elapsed time to a file'
        parser.add_argument(
            '--csv',
            type=file_to_write,
            metavar='FILE',
            help=f'write {what}; -: standard output',
        )


def add_policies_argument(
    parser: argparse.ArgumentParser, text: str, *, required: bool = False
) -> None:
    """Add ``--policy A,B,…``; ``args.policy`` is the list of names, empty if none is given."""
    add_names_argument(parser, '--policy', 'NAME,…', text, required)


def add_faults_argument(
    parser: argparse.ArgumentParser, text: str, *, required: bool = False
) -> None:
    """Add ``--fault X,Y,…``; ``args.fault`` is the list of faults, empty if none is given."""
    add_names_argument(parser, '--fault', 'FAULT,…', text, required)


def add_names_argument(
    parser: argparse.ArgumentParser, option: str, metavar: str, text: str, required: bool = False
) -> None:
    """Add an option that takes names, separated by commas, and may be repeated: a list."""
    parser.add_argument(
        option, action=_Names, default=[], metavar=metavar, required=required,
        help=f'{text}; may be repeated',
    )  # fmt: skip


class _Names(argparse.Action):
    """Collect the names of an option that may be repeated and takes several at once."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            names = split_names(values, getattr(namespace, self.dest))
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, names)


def split_names(text: str, before: Sequence[str] = ()) -> list[str]:
    """Return the names in a text that commas separate, after those that were given before.

    Raises:
        ValueError: a name is empty or was given before.
    """
    names = list(before)
    for name in (part.strip() for part in text.split(',')):
        if not name:
            raise ValueError(f'expected names separated by commas, found an empty one in {text!r}')
        if name in names:
            raise ValueError(f'{name} is given twice')
        names.append(name)
    return names


def sentence(text: str) -> str:
    """A verb's help text as the sentence that begins its ``--help``."""
    return f'{text[0].upper()}{text[1:]}.'


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an argument that is a whole number from ``least`` to ``most``."""
    limits = f'{least} or more' if most is None else f'{least} to {most}'

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f'expected a whole number, {limits}, found {text!r}')
        return value

    return read


def number(least: float, *, excluded: bool = False) -> Callable[[str], float]:
    """The type of an argument that is a finite number from ``least`` on, or above it."""
    limits = f' above {least:g}' if excluded else f', {least:g} or more'

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least or (excluded and value == least):
            raise argparse.ArgumentTypeError(f'expected a finite number{limits}, found {text!r}')
        return value

    return read


def existing_path(text: str) -> Path:
    """The path of a file or folder that is there."""
    path = Path(text).expanduser()
    if not path.exists():
        raise argparse.ArgumentTypeError(f'{text}: no such file or folder')
    return path


def file_to_write(text: str) -> Path:
    """The path of a file that can be written, or ``-`` for standard output."""
    path = Path(text)
    if text == '-':
        return path
    if path.is_dir():
        raise argparse.ArgumentTypeError(f'expected a file, found the folder {path}')
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f'{path.parent}: no such folder')
    return path


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``; :func:`liquid_control.training.device.device_named` checks it."""
    parser.add_argument(
        '--device', default='cpu', metavar='NAME', help='where to train: cpu, cuda or cuda:N (cpu)'
    )


def add_observed_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--observed``, for topics recorded under other names; ``args.observed`` is a dict."""
    parser.add_argument(
        '--observed',
        action=_Renamings,
        default={},
        metavar='TOPIC=RECORDED',
        help='topic of the contract that was recorded under another name; may be repeated',
    )


class _Renamings(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        from liquid_control.bags.names import renaming

        try:
            topic, recorded = renaming(values)
        except ValueError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), topic: recorded})


def add_type_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--distro`` and ``--msgs``, the sources of types that a bag does not define."""
    parser.add_argument(
        '--distro',
        metavar='NAME',
        help='ROS 2 distribution for types that a bag does not define (the one that its metadata '
        'names, or else kilted)',
    )
    parser.add_argument(
        '--msgs',
        type=Path,
        metavar='FOLDER',
        help='.msg files of types that a bag does not define, as in FOLDER/my_msgs/msg/Motor.msg',
    )


def check_bundle_path(option: str, path: Path) -> None:
    """Raise ValueError if no bundle can be written to a path, before any work is done."""
    if path.suffix != '.onnx':
        raise ValueError(f'{option}: expected a file named .onnx, found {path}')
    if path.is_dir():
        raise ValueError(f'{option}: expected a file, found the folder {path}')
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise ValueError(f'{option} {path}: cannot write to {nearest}')


@contextlib.contextmanager
def terminable() -> Generator[None]:
    """Handle SIGTERM like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
