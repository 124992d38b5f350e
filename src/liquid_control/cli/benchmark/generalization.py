"""``benchmark generalization``: how policies bear other clocks, bodies and ground than trained."""

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
    add_comparison_arguments(parser, 'generalization', 'only these faults', 20)
    add_family_argument(parser, 'generalization')


def main(args: argparse.Namespace) -> int:
    from liquid_control.report.robustness.terminal import standing_table

    def families(robot: 'Contract') -> Sequence['Family']:
        from liquid_control.evaluation.robustness.suites import GENERALIZATION

        return chosen(args, GENERALIZATION, robot)

    return carry_out(args, 'generalization', families, standing_table)
