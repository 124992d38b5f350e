"""``compare``: a handful of policies under a handful of faults, side by side."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from liquid_control.cli.arguments import add_json_argument
from liquid_control.cli.comparison import add_comparison_arguments, carry_out, say_unchanging

if TYPE_CHECKING:
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.families import Family

_FAULTS = ('gaussian:0.03', 'gaussian:0.1', 'delay:1', 'delay:2', 'delay:3', 'dropped:0.1')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    faults = f'faults; those that differ in one strength make a curve ({",".join(_FAULTS)})'
    add_comparison_arguments(parser, 'compare', faults, 20)
    add_json_argument(parser, 'write results and analysis to a file')


def main(args: argparse.Namespace) -> int:
    from liquid_control.report.robustness.terminal import fault_table

    def families(robot: 'Contract') -> Sequence['Family']:
        from liquid_control.evaluation.robustness.grouping import families_of
        from liquid_control.evaluation.robustness.suites import GENERALIZATION, ROBUSTNESS

        faults = args.fault or _FAULTS
        say_unchanging(faults, robot)
        return families_of(faults, (*ROBUSTNESS, *GENERALIZATION), robot)

    return carry_out(args, 'compare', families, fault_table)
