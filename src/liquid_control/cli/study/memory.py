"""``study memory``: accuracy against parameters, bytes of the state and memory in training."""

import argparse
from pathlib import Path

from liquid_control.cli.arguments import whole
from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, cells_of, compare

DATA = None


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--data', type=Path, metavar='DIR',
        help='folder with rollout_000.npy … of Walker2d kinematics (a synthetic series)',
    )  # fmt: skip
    parser.add_argument('--updates', type=whole(1), help='gradient steps of each run (300)')
    add_compared_arguments(parser, 'memory')


def main(args: argparse.Namespace) -> int:
    import dataclasses

    from liquid_control.study import memory

    footing = memory.QUICK if args.quick else memory.FOOTING
    given = {
        'cells': cells_of(args) or footing.cells,
        'updates': args.updates or footing.updates,
        'seeds': min(args.seeds, footing.seeds) if args.quick else args.seeds,
        'pattern': args.runs,
    }
    data = memory.data_set(None if args.data is None else args.data.resolve())
    return compare(args, dataclasses.replace(footing, **given), data, 'memory')
