"""``study synthetic``: one-step and free-running prediction of signals with exact solutions."""

import argparse

from liquid_control.cli.parser import Parser
from liquid_control.cli.study import footed

DATA = None


def add_arguments(parser: Parser) -> None:
    footed.add_arguments(parser, 'runs/synthetic')


def main(args: argparse.Namespace) -> int:
    from liquid_control.study.synthetic.plan import conditions

    data = conditions(args.quick)
    if args.list:
        return footed.list_runs(args, [each.name for each in data])
    baselines = {each.name: each.baselines() for each in data}
    return footed.compare(args, 'synthetic', data, baselines)
