"""Which families of faults a benchmark measures: all, those that are named, or faults as text."""

import argparse
import sys
from collections.abc import Iterable, Sequence

from liquid_control.cli.arguments import add_names_argument
from liquid_control.cli.comparison import say_unchanging
from liquid_control.cli.parser import Parser
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.evaluation.families import Family


def add_family_argument(parser: Parser, benchmark: str) -> None:
    """Add ``--family A,B,…``, names of families of a benchmark."""
    add_names_argument(
        parser, '--family', 'NAME,…', 'only these families of faults, as listed below'
    )
    parser.families = benchmark


def chosen(args: argparse.Namespace, suite: Sequence[Family], robot: Contract) -> Sequence[Family]:
    """The families of a suite that are asked for; prints those that the robot cannot have.

    Raises:
        FaultError: a fault is unknown, or the robot cannot have it.
        ValueError: a family is unknown, or none is left.
    """
    from liquid_control.evaluation.robustness.grouping import families_of
    from liquid_control.evaluation.robustness.suites import fitting

    if args.fault and args.family:
        raise ValueError('--fault and --family: give one of them')
    if args.fault:
        say_unchanging(args.fault, robot)
        return families_of(args.fault, suite, robot)
    known = {family.name: family for family in suite}
    for name in args.family:
        if name not in known:
            raise ValueError(_unknown(name, known))
    asked = [known[name] for name in args.family] or list(suite)
    families, left_out = fitting(asked, robot)
    for name, why in left_out.items():
        if name in args.family:
            raise ValueError(f'--family {name}: {why}')
        print(f'left out for {robot.robot}: {name}: {why}', file=sys.stderr)
    if not families:
        raise ValueError(f'{robot.robot} can have none of these faults')
    return families


def _unknown(name: str, known: Iterable[str]) -> str:
    """What is wrong with the name of a family; it may be another benchmark's."""
    from liquid_control.evaluation.robustness.suites import BENCHMARKS

    text = unknown('family', name, known)
    for benchmark, families in BENCHMARKS.items():
        if name in {family.name for family in families}:
            return f'{text}; {name} is a family of: benchmark {benchmark}'
    return text
