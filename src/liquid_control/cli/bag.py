"""``bag``: what a recorded bag contains, what is odd about it, and a contract drafted from it."""

import argparse
from pathlib import Path
from typing import Any

from liquid_control.cli.arguments import (
    add_json_argument,
    add_observed_argument,
    add_type_arguments,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'bags',
        nargs='+',
        type=Path,
        metavar='BAG',
        help='a run folder, a rosbag2 folder, an .mcap or a .db3, compressed or not',
    )
    parser.add_argument(
        '--robot',
        metavar='CONTRACT',
        help='contract, by path or name: say how far the bag covers it',
    )
    add_observed_argument(parser)
    parser.add_argument(
        '--draft', type=Path, metavar='YAML', help='write a contract drafted from the bag'
    )
    add_type_arguments(parser)
    parser.add_argument('--verbose', action='store_true', help='list every oddity of every topic')
    add_json_argument(parser, 'write everything to a file')


def main(args: argparse.Namespace) -> int:
    """Return 0 only if every bag could be read completely and covers the contract asked for."""
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.bags.names import check_renamed
    from liquid_control.control import Contract
    from liquid_control.provenance import provenance, write_json

    if args.draft and len(args.bags) > 1:
        raise ValueError(f'--draft: expected one bag to draft from, found {len(args.bags)}')
    if args.draft and args.draft.exists():
        raise FileExistsError(
            f'--draft {args.draft}: exists already; a contract is never overwritten'
        )
    contract = Contract.load(paths.robot(args.robot)) if args.robot else None
    if args.observed and contract is None:
        raise ValueError('--observed: renames topics of a contract: expected --robot too')
    if contract is not None:
        check_renamed(args.observed, contract)
    console = Console(highlight=False)
    reports, good = [], True
    for path in args.bags:
        report, fine = _one(console, path, contract, args)
        reports.append(report)
        good = good and fine
    if args.draft and 'topics' in reports[0]:
        _draft(console, reports[0], args.draft, args.bags[0])
    if args.json:
        write_json(
            args.json, {'format': 1, 'whole': good, 'provenance': provenance(), 'bags': reports}
        )
    return 0 if good else 1


def _one(
    console: Any, path: Path, contract: Any, args: argparse.Namespace
) -> tuple[dict[str, Any], bool]:
    from rich.markup import escape

    from liquid_control.bags.bag import Bag, BagError
    from liquid_control.bags.coverage import coverage
    from liquid_control.cli.say import say
    from liquid_control.report.bag_tables import answer, bag_problem, coverage_parts

    try:
        with console.status(f'reading {escape(path.name)}'):
            bag = Bag(path, args.distro, args.msgs)
            summary = coverage(bag, contract, args.observed)
    except BagError as error:
        say(console, f'[bold red]NOT READ[/] {escape(str(error))}')
        return {'bag': {'path': str(path), 'whole': False, 'damage': str(error)}}, False
    say(console, answer(summary))
    for part in coverage_parts(summary, args.verbose):
        say(console, part)
    return summary, bag_problem(summary) is None


def _draft(console: Any, summary: dict, target: Path, path: Path) -> None:
    from rich.markup import escape

    from liquid_control.bags.draft import draft
    from liquid_control.cli.say import say
    from liquid_control.control import Contract
    from liquid_control.files import write_whole

    text = draft(summary, path.resolve().stem or 'robot')
    contract = Contract.parse(text, str(target))
    write_whole(target, text)
    say(
        console,
        f'drafted {escape(str(target))}: {len(contract.terms)} terms, '
        f'{contract.observation_size} values; check every line marked CHECK',
    )
