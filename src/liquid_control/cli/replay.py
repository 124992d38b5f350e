"""``replay``: run policies over recordings, open loop, and compare."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from liquid_control import __version__
from liquid_control.cli.arguments import (
    add_faults_argument,
    add_json_argument,
    add_observed_argument,
    add_policies_argument,
    add_type_arguments,
)
from liquid_control.cli.engine import add_engine_arguments, check_engine
from liquid_control.cli.parser import Parser

_LONGEST = 1000
"""Steps of a free run."""


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        'recording', type=Path, nargs='+', help='run folders, rosbag2 folders or .mcap files'
    )
    add_policies_argument(parser, 'bundles, by path or name (the one that was recorded)')
    parser.add_argument('--robot', metavar='CONTRACT', help="the robot's contract, path or name")
    add_observed_argument(parser)
    add_type_arguments(parser)
    add_faults_argument(parser, 'also replay under sensor faults, as in gaussian:0.1+dropped:0.05')
    parser.fault_kinds = ('sensor',)
    parser.add_argument('--seed', type=int, default=0, help='seed of the faults (0)')
    parser.add_argument(
        '--horizon', type=int, default=50, help='steps predicted ahead, without measurements (50)'
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR',
        help='keep each result here, with a verdict and a report; results already there are reused',
    )  # fmt: skip
    parser.add_argument('--workers', type=int, help='processes for many recordings (1)')
    add_engine_arguments(parser)
    parser.add_argument(
        '--verbose', action='store_true',
        help='list every oddity, and the figures of each of many recordings',
    )  # fmt: skip
    add_json_argument(parser, 'write the figures to a file')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape

    from liquid_control.cli.say import say
    from liquid_control.faults import FaultError, SensorFault, parse, require_kinds
    from liquid_control.provenance import provenance, write_json
    from liquid_control.replay.fleet import summary
    from liquid_control.run_folder import own_folder

    for name, least in (('horizon', 1), ('workers', 1), ('seed', 0)):
        found = getattr(args, name)
        if found is not None and found < least:
            raise ValueError(f'--{name}: expected {least} or more, found {found}')
    if args.horizon > _LONGEST:
        raise ValueError(f'--horizon: expected {_LONGEST} or less, found {args.horizon}')
    check_engine(args)
    for spec in args.fault:
        try:
            require_kinds(parse(spec), (SensorFault,), 'a recording')
        except FaultError as error:
            raise FaultError(f'--fault {error}') from None
    console = Console()
    verdicts = [args.json] if args.json else []
    if args.out:
        own_folder(args.out, 'verdict.json').mkdir(parents=True, exist_ok=True)
        verdicts.append(args.out / 'verdict.json')
    about = provenance()
    unfinished = {'format': 1, 'complete': False, 'why': 'the replay did not finish'}
    for path in verdicts:
        write_json(path, {**unfinished, 'provenance': about})
    outcomes, earlier = _replay(args, console)
    results = [o['result'] for o in outcomes.values() if o['ok']]
    found = summary(outcomes)
    problems = {**found['failed'], **found['damaged']}
    _tell(console, outcomes, found, args.verbose)
    verdict = {
        'format': 1,
        'complete': not problems,
        'why': '; '.join(
            f'{n}: {why}' if len(outcomes) > 1 else why for n, why in problems.items()
        ),
        'provenance': about,
    }
    if len(outcomes) == 1 and results:
        figures = {k: v for k, v in results[0].items() if k not in ('complete', 'why', 'plots')}
        about['contract_sha256'], about['recorded'] = (
            results[0]['contract_sha256'], figures.pop('recorded'),
        )  # fmt: skip
        verdict.update(figures)
    verdict['summary'] = found
    if args.out:
        from liquid_control.report.replay_report import write_replay_report

        report = write_replay_report(args.out / 'report.html', outcomes, verdict)
        say(console, f'report: {escape(str(report))}')
        if earlier:
            say(console, f'{earlier} of {len(outcomes)} results are from an earlier replay')
    for path in verdicts:
        write_json(path, verdict)
    if len(outcomes) == 1 and not results:
        (outcome,) = outcomes.values()
        raise ValueError(outcome['error'])
    return 0 if not problems else 1


def _tell(
    console: Any, outcomes: dict[str, dict[str, Any]], found: dict[str, Any], verbose: bool
) -> None:
    """Print an answer for every recording, then tables."""
    from rich.markup import escape

    from liquid_control.cli.say import say
    from liquid_control.report.replay_tables import answer_line, fleet_table, result_parts

    many = len(outcomes) > 1
    if many or all(outcome['ok'] for outcome in outcomes.values()):
        for name, outcome in outcomes.items():
            say(console, answer_line(name if many else '', outcome))
    if many:
        console.print(fleet_table(found))
        for name, count in found['left_out'].items():
            say(console, f'[yellow]{escape(name)}: {count} messages left out[/]')
    for name, outcome in outcomes.items():
        if outcome['ok'] and (verbose or not many):
            if many:
                console.rule(escape(name))
            for part in result_parts(outcome['result'], verbose):
                say(console, part)


def _replay(args: argparse.Namespace, console: Any) -> tuple[dict[str, dict[str, Any]], int]:
    """Return name → outcome of each recording, and how many are results of an earlier replay."""
    from liquid_control.cli.progress import showing
    from liquid_control.jobs import Piece, kept, sweep
    from liquid_control.replay.fleet import fingerprint, replay_recording
    from liquid_control.report.replay_plots import replay_and_draw

    arguments = {
        'robot': args.robot,
        'policies': args.policy,
        'observed': args.observed,
        'faults': args.fault,
        'seed': args.seed,
        'horizon': args.horizon,
        'distro': args.distro,
        'msgs': str(args.msgs.resolve()) if args.msgs else None,
    }
    pieces = [
        Piece(
            name,
            replay_and_draw if args.out else replay_recording,
            {'recording': str(path.resolve()), **arguments},
            f'{__version__}|{fingerprint(path, *_files(args, path))}',
        )
        for name, path in _named(args.recording)
    ]
    with (
        tempfile.TemporaryDirectory() as temporary,
        showing(console, 'replay', 'recordings') as show,
    ):
        folder = args.out / 'recordings' if args.out else Path(temporary)
        earlier = sum(1 for piece in pieces if (kept(folder, piece) or {}).get('ok'))
        outcomes = sweep(
            pieces, folder, workers=args.workers or 1, engine=args.engine, address=args.address,
            show=show,
        )  # fmt: skip
    return outcomes, earlier


def _files(args: argparse.Namespace, recording: Path) -> list[Path]:
    """Files of the contract, if one is given, and of the bundles that a recording is replayed with.

    Empty if they cannot be found.
    """
    from liquid_control import paths
    from liquid_control.replay.fleet import bundles

    try:
        robot = [paths.robot(args.robot)] if args.robot else []
        return [*robot, *bundles(recording, args.robot, args.policy)]
    except (ValueError, OSError):
        return []  # replaying this recording will report the problem


def _named(recordings: list[Path]) -> list[tuple[str, Path]]:
    """Give each recording a name, as short as possible."""
    short = [path.resolve().name for path in recordings]
    return [
        (name if short.count(name) == 1 else f'{index:04d}-{name}', path)
        for index, (name, path) in enumerate(zip(short, recordings, strict=True))
    ]
