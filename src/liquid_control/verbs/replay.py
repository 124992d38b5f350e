"""``replay``: run policies over recordings, open loop, and compare."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from liquid_control import __version__
from liquid_control.verbs.arguments import (
    add_distro_argument,
    add_json_argument,
    add_observed_argument,
)

_LONGEST = 1000
"""Steps of a rollout."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'recording', type=Path, nargs='+', help='run folders, rosbag2 folders or .mcap files'
    )
    parser.add_argument(
        '--policy',
        action='append',
        metavar='FILE',
        help='bundle, by path or name; may be repeated; default: the one that was recorded',
    )
    parser.add_argument('--robot', metavar='CONTRACT', help="the robot's contract, path or name")
    add_observed_argument(parser)
    add_distro_argument(parser)
    parser.add_argument(
        '--fault', action='append', default=[], metavar='SPEC',
        help='also replay under sensor faults, as in gaussian:0.1+dropped:0.05; may be repeated',
    )  # fmt: skip
    parser.add_argument('--seed', type=int, default=0, help='seed of the faults (0)')
    parser.add_argument(
        '--horizon', type=int, default=50, help='steps predicted ahead, without measurements (50)'
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR',
        help='keep each result here, with a verdict and a report; results already there are reused',
    )  # fmt: skip
    parser.add_argument('--workers', type=int, help='processes for many recordings (1)')
    parser.add_argument(
        '--engine', default='local', help='where many recordings are replayed: local or ray (local)'
    )
    parser.add_argument(
        '--address', help='address of the Ray cluster; default: one on this machine'
    )
    add_json_argument(parser, 'write the figures to a file')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape

    from liquid_control.evaluation.sweep import ENGINES
    from liquid_control.faults import parse
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.replays import summary

    for name, least in (('horizon', 1), ('workers', 1), ('seed', 0)):
        found = getattr(args, name)
        if found is not None and found < least:
            raise ValueError(f'--{name}: expected {least} or more, found {found}')
    if args.horizon > _LONGEST:
        raise ValueError(f'--horizon: expected {_LONGEST} or less, found {args.horizon}')
    if args.engine not in ENGINES:
        raise ValueError(f'--engine: expected {" or ".join(ENGINES)}, found {args.engine}')
    if args.address and args.engine != 'ray':
        raise ValueError('--address: expected --engine ray with it')
    if args.workers is not None and args.engine == 'ray':
        raise ValueError('--workers: with --engine ray, the cluster decides')
    for spec in args.fault:
        if not all(fault.of_sensors for fault in parse(spec)):
            raise ValueError(
                f'--fault {spec}: acts on the clock of a simulation, not on a recording'
            )
    console = Console()
    verdicts = [args.json] if args.json else []
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        verdicts.append(args.out / 'verdict.json')
    about = provenance()
    unfinished = {'format': 1, 'complete': False, 'why': 'the replay did not finish'}
    for path in verdicts:
        write_json(path, {**unfinished, 'provenance': about})
    outcomes = _replay(args, console)
    results = [o['result'] for o in outcomes.values() if o['ok']]
    found = summary(outcomes)
    problems = {**found['failed'], **found['damaged']}
    for name, outcome in outcomes.items():
        if outcome['ok']:
            _tell(console, name if len(outcomes) > 1 else '', outcome['result'])
        elif len(outcomes) > 1:
            console.print(f'[red]{escape(name)}:[/] {escape(outcome["error"])}', highlight=False)
    if len(outcomes) > 1:
        from liquid_control.verbs.replay_tables import fleet_table

        console.print(fleet_table(found))
        for name, count in found['left_out'].items():
            console.print(f'[yellow]{escape(name)}: {count} messages left out[/]', highlight=False)
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
        console.print(f'report: {report}', highlight=False)
    for path in verdicts:
        write_json(path, verdict)
    if len(outcomes) == 1 and not results:
        (outcome,) = outcomes.values()
        raise ValueError(outcome['error'])
    return 0 if not problems else 1


def _replay(args: argparse.Namespace, console: Any) -> dict[str, dict[str, Any]]:
    """Return name → outcome of each recording."""
    from liquid_control.evaluation.sweep import Piece, sweep
    from liquid_control.report.replays import fingerprint, replay_recording
    from liquid_control.verbs.progress import reporting

    arguments = {
        'robot': args.robot,
        'policies': args.policy,
        'observed': args.observed,
        'faults': args.fault,
        'seed': args.seed,
        'horizon': args.horizon,
        'draw': args.out is not None,
        'distro': args.distro,
    }
    pieces = [
        Piece(
            name,
            replay_recording,
            {'recording': str(path.resolve()), **arguments},
            f'{__version__}|{fingerprint(path, *_files(args, path))}',
        )
        for name, path in _named(args.recording)
    ]
    with tempfile.TemporaryDirectory() as temporary, reporting(console, 'replay') as report:
        folder = args.out / 'recordings' if args.out else Path(temporary)
        return sweep(
            pieces, folder, workers=args.workers or 1, engine=args.engine, address=args.address,
            report=report,
        )  # fmt: skip


def _files(args: argparse.Namespace, recording: Path) -> list[Path]:
    """Files of the contract, if one is given, and of the bundles that a recording is replayed with.

    Empty if they cannot be found.
    """
    from liquid_control import paths
    from liquid_control.report.replays import bundles

    try:
        robot = [paths.robot(args.robot)] if args.robot else []
        return [*robot, *bundles(recording, args.robot, args.policy)]
    except (ValueError, OSError):
        return []  # replaying this recording will report the problem


def _named(recordings: list[Path]) -> list[tuple[str, Path]]:
    """Give each recording a name, as short as possible."""
    short = [path.resolve().name for path in recordings]
    return [
        (name if short.count(name) == 1 else f'{place:04d}-{name}', path)
        for place, (name, path) in enumerate(zip(short, recordings, strict=True))
    ]


def _tell(console: Any, name: str, result: dict[str, Any]) -> None:
    from rich.markup import escape

    from liquid_control.verbs.bag_tables import coverage_parts
    from liquid_control.verbs.replay_tables import horizon_table, score_table

    if name:
        console.rule(escape(name))
    for part in coverage_parts(result['coverage']):
        console.print(part, soft_wrap=isinstance(part, str), highlight=False)
    console.print(score_table(result['policies']))
    console.print(
        '[dim]steps: used/all; error: mean squared error of the predicted next observation '
        'in units of std; persist.: that of predicting no change;\n'
        'Δ: action minus recorded command, largest and root mean square; step: p50/p99[/]'
    )
    console.print(horizon_table(result['policies']))
    for silence in result['heard'][0]['silences']:
        until = 'the end' if silence['until_s'] is None else f'{silence["until_s"]:.2f} s'
        console.print(
            f'[yellow]{escape(silence["topic"])} is silent from {silence["since_s"]:.2f} s '
            f'to {until}[/]',
            highlight=False,
        )
    for score in result['policies']:
        if score['reasons']:
            told = ', '.join(f'{name} {count}' for name, count in score['reasons'].items())
            console.print(
                f'[yellow]{escape(score["policy"])}, {score["fault"]}: {told}[/]', highlight=False
            )
        for event in (score['alarm'] or {}).get('events', ()):
            end = 'the end' if event['end_s'] is None else f'{event["end_s"]:.2f} s'
            joints = ', '.join(list(event['joints'])[:4])
            console.print(
                f'[red]ALARM[/] {escape(score["policy"])}, {score["fault"]}: from '
                f'{event["start_s"]:.2f} s to {end} the robot does not behave as the model knows '
                f'it: {escape(joints)}',
                highlight=False,
            )
    if result['why']:
        console.print(f'[red]not complete:[/] {escape(result["why"])}', highlight=False)
