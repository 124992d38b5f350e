"""Arguments shared by several verbs."""

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def add_walk_arguments(parser: argparse.ArgumentParser, folder: str) -> None:
    """Add the arguments of every verb that lets policies walk on a graph."""
    parser.add_argument('--seed', type=int, default=0, help='seed of walks and faults (0)')
    parser.add_argument('--seconds', type=float, default=8.0, help='longest episode in s (8)')
    add_priority_argument(parser, 'simulation, fault and policy node')
    parser.add_argument('--out', type=Path, help=f'folder to create ({folder})')
    parser.add_argument('--no-video', action='store_true', help='draw no video')
    add_json_argument(parser, 'write the metrics to a file')


def add_priority_argument(parser: argparse.ArgumentParser, whose: str) -> None:
    """Add ``--priority``: a real-time priority for the nodes between sensor and command."""
    parser.add_argument(
        '--priority',
        type=int,
        default=0,
        metavar='N',
        help=f'real-time priority (SCHED_FIFO, 1 to 99) of {whose}; liquid-control doctor says '
        'whether this machine permits it (0: none)',
    )


def add_json_argument(parser: argparse.ArgumentParser, text: str) -> None:
    """Where to write the results too; checked before any work is done."""
    parser.add_argument('--json', type=_writable, metavar='FILE', help=text)


def _writable(text: str) -> Path:
    path = Path(text)
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


def add_distro_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--distro``, the source of types that a bag does not define."""
    parser.add_argument(
        '--distro',
        default='kilted',
        metavar='NAME',
        help='ROS 2 distribution for types that a bag does not define (kilted)',
    )


def check_bundle_path(option: str, path: Path) -> None:
    """Raise ValueError if no bundle can be written to a path, before any work is done."""
    if path.suffix != '.onnx':
        raise ValueError(f'{option}: expected a file named .onnx, found {path}')
    if path.is_dir():
        raise ValueError(f'{option}: expected a file, found the folder {path}')
    place = next(parent for parent in path.absolute().parents if parent.exists())
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise ValueError(f'{option} {path}: cannot write to {place}')


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
