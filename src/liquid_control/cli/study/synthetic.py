"""``study synthetic``: one-step and free-running prediction of signals with exact solutions."""

import argparse

from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, asked_footing, compare

DATA = None


def add_arguments(parser: Parser) -> None:
    add_compared_arguments(parser, 'synthetic', updates=500)


def main(args: argparse.Namespace) -> int:
    from liquid_control.study.default_footing import QUICK
    from liquid_control.study.synthetic.plan import FOOTING, conditions

    footing = asked_footing(args, FOOTING, QUICK)
    data = conditions(args.quick)
    return compare(args, 'synthetic', footing, data, estimated=True)
