"""``study all``: every study, one after another; one that fails does not stop the others."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from liquid_control.cli.arguments import whole
from liquid_control.cli.parser import Parser
from liquid_control.cli.study.shared import add_out_argument, out_folder


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--data', type=Path, metavar='FOLDER',
        help='folder of the data sets: walker2d_kinematics, physionet2012; a study whose data set '
        'is not there is left out',
    )  # fmt: skip
    add_out_argument(parser, 'studies', 'folder for the folders of the studies')
    parser.add_argument('--workers', type=whole(1), default=1, help='runs at a time (1)')
    parser.add_argument('--quick', action='store_true', help='few updates and cells, to try it')
    parser.add_argument('--list', action='store_true', help='list what every study does and exit')


def main(args: argparse.Namespace, studies: Mapping[str, ModuleType]) -> int:
    """Carry out or list the studies; returns 1 if one failed or was left out, and names it.

    Raises:
        NotADirectoryError: ``--data`` is no folder.
    """
    if args.list:
        for name, study in studies.items():
            print(f'study {name}', flush=True)
            _run(name, study, ['--list', *['--quick'] * args.quick])
        return 0
    if args.data is not None and not args.data.is_dir():
        raise NotADirectoryError(f'--data {args.data}: no such folder')
    problems, out = [], out_folder(args, 'studies')
    left_out = {
        name: f'{name}: left out: --data must hold the folder {study.DATA}'
        for name, study in studies.items()
        if study.DATA is not None and not (args.data and (args.data / study.DATA).is_dir())
    }
    _say(left_out.values())
    for name, study in studies.items():
        if name in left_out:
            problems.append(left_out[name])
            continue
        command = ['--out', str(out / name), '--workers', str(args.workers)]
        if args.quick:
            command.append('--quick')
        if study.DATA is not None:
            command += ['--data', str(args.data / study.DATA)]
        print(f'study {name}', flush=True)
        try:
            code = _run(name, study, command)
        except (ValueError, OSError, RuntimeError) as error:
            problems.append(f'{name}: {error}')
            continue
        if code == 130:
            return code
        if code:
            problems.append(f'{name}: ended with exit code {code}')
    _say(problems)
    return 1 if problems else 0


def _run(name: str, study: ModuleType, command: Sequence[str]) -> int:
    parser = Parser(prog=f'liquid-control study {name}')
    study.add_arguments(parser)
    return study.main(parser.parse_args(command))


def _say(problems: Iterable[str]) -> None:
    for problem in problems:
        print(f'liquid-control study all: {problem}', file=sys.stderr, flush=True)
