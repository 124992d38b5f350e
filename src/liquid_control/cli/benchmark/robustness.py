"""``benchmark robustness``: how policies degrade under faults of sensors and commands."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from liquid_control.cli.benchmark.families import add_family_argument, chosen
from liquid_control.cli.comparison import add_comparison_arguments, carry_out
from liquid_control.cli.parser import Parser

if TYPE_CHECKING:
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.families import Family


def add_arguments(parser: Parser) -> None:
    add_comparison_arguments(parser, 'robustness', 'only these faults', 20)
    add_family_argument(parser, 'robustness')
    parser.add_argument(
        '--preset', metavar='NAME',
        help='the combined faults of the RealWorldRL suite instead: easy, medium or hard',
    )  # fmt: skip


def main(args: argparse.Namespace) -> int:
    from liquid_control.report.robustness.terminal import standing_table

    if args.fault and args.preset:
        raise ValueError('--fault and --preset: give one of them')

    def families(robot: 'Contract') -> Sequence['Family']:
        from liquid_control.evaluation.robustness.suites import ROBUSTNESS, preset

        suite = ROBUSTNESS if args.preset is None else preset(args.preset)
        return chosen(args, suite, robot)

    return carry_out(args, 'robustness', families, standing_table)
