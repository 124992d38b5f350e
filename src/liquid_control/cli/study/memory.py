"""``study memory``: accuracy against parameters, bytes of the state and memory in training."""

import argparse
from pathlib import Path

from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, asked_footing, compare

DATA = None


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--data', type=Path, metavar='DIR',
        help='folder with rollout_000.npy … of Walker2d kinematics (a synthetic series)',
    )  # fmt: skip
    add_compared_arguments(parser, 'memory', updates=300)


def main(args: argparse.Namespace) -> int:
    from liquid_control.study import memory

    data = memory.data_set(None if args.data is None else args.data.resolve())
    footing = asked_footing(args, memory.FOOTING, memory.QUICK)
    return compare(args, 'memory', footing, [data], estimated=True)
