"""What ``compare``, ``benchmark robustness`` and ``benchmark generalization`` share."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control import extras
from liquid_control.cli.arguments import (
    add_faults_argument,
    add_policies_argument,
    add_simulated_argument,
    terminable,
    whole,
)
from liquid_control.cli.comparison_folder import RESULTS, begins, default_folder, replaced
from liquid_control.cli.engine import add_engine_arguments, check_engine

if TYPE_CHECKING:
    from rich.console import Console

    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.families import Family
    from liquid_control.evaluation.robustness import Analysis, RobustnessResults
    from liquid_control.jobs import Progress

_INTERRUPTED = 130
_WIDTH, _NAME = 40, 14
"""Letters of what is said of the progress, and of a policy's name in it."""
_ANALYSIS, _TABLE = 'analysis.json', 'results.csv'

Table = Callable[['RobustnessResults', 'Analysis'], Any]
"""Makes the table that a verb prints."""


def add_comparison_arguments(
    parser: argparse.ArgumentParser, name: str, faults: str, episodes: int
) -> None:
    """Add the arguments of every comparison.

    Args:
        parser: parser of the verb.
        name: name of the comparison, with which its folder in ``runs`` begins.
        faults: what ``--fault`` says in ``--help``.
        episodes: default number of episodes.
    """
    add_policies_argument(
        parser, 'policies that ship, or paths; NAME=FILE, given several times with one name, for '
        'several trainings of one policy; all: every student that ships (cfc,ltc,lstm,gru)',
    )  # fmt: skip
    add_simulated_argument(parser, contract=True)
    add_faults_argument(parser, faults)
    parser.add_argument(
        '--episodes', '--seeds', type=whole(1, 10_000), default=episodes, metavar='N',
        help=f'episodes of each policy under each fault, of the same seeds for all ({episodes}); '
        'fewer than 6 give no intervals',
    )  # fmt: skip
    parser.add_argument(
        '--seed', type=whole(0, 2**31 - 1), default=500_000, metavar='N',
        help='seed of the first episode; each later one adds 1 (500000)',
    )  # fmt: skip
    parser.add_argument(
        '--workers', type=whole(1), metavar='N', help='local processes (one a usable core)'
    )
    add_engine_arguments(parser)
    parser.add_argument(
        '--out', type=Path, metavar='FOLDER',
        help='folder of results; with the same one, finished work is not done again '
        f'(runs/{name}-SETTINGS, the same for the same command)',
    )  # fmt: skip
    parser.add_argument('--no-video', action='store_true', help='draw no videos for the report')
    parser.set_defaults(writes_csv=True)


def say_unchanging(faults: Sequence[str], robot: 'Contract') -> None:
    """Print which faults, of those that are named, are not measured since they change nothing.

    Raises:
        FaultError: a fault is unknown or invalid.
    """
    from liquid_control.evaluation.robustness.unchanging import unchanging

    for text in faults:
        if text != 'none' and (why := unchanging(text, robot)):
            print(f'left out: {text} changes nothing: {why}', file=sys.stderr)


def carry_out(
    args: argparse.Namespace,
    benchmark: str,
    families: Callable[['Contract'], Sequence['Family']],
    table: Table,
) -> int:
    """Plan, measure, analyse, report; returns the exit code.

    Args:
        args: the arguments, see :func:`add_comparison_arguments`.
        benchmark: what the comparison is called.
        families: the faults for a robot.
        table: the table to print.
    """
    extras.require('mujoco', 'gymnasium', 'scipy', 'plotly')
    check_engine(args)
    from rich.console import Console
    from rich.text import Text

    from liquid_control.cli.progress import reporting
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.robustness import run
    from liquid_control.evaluation.robustness.contenders import contenders
    from liquid_control.evaluation.robustness.plan import Plan
    from liquid_control.run_folder import alone_in, own_folder
    from liquid_control.sim import robot_of, simulated_contract

    robot = Contract.load(Path(simulated_contract(args.robot)).resolve())
    robot_of(robot)
    policies = contenders(args.policy, robot)
    plan = Plan(benchmark, robot, policies, tuple(families(robot)), args.episodes, args.seed)
    folder = own_folder(args.out or default_folder(plan), run.PIECES)
    console = Console()
    _make(folder / run.PIECES)
    for sentence in filter(None, (begins(plan, folder), replaced(plan, folder))):
        console.print(Text(sentence))
    workers = args.workers or len(os.sched_getaffinity(0))
    with alone_in(folder):
        with terminable():
            try:
                with reporting(console, benchmark) as report:
                    results = run.carry_out(
                        plan, folder, workers=workers, engine=args.engine, address=args.address,
                        show=lambda p: report(p.share, at_work(p), p.left_s),
                    )  # fmt: skip
            except KeyboardInterrupt:
                print(
                    f'stopped; what is finished is kept in {folder}: '
                    'the same command goes on there',
                    file=sys.stderr,
                )
                return _INTERRUPTED
        _finish(args, console, results, folder, table)
    failed = run.failures(results)
    for line in failed:
        print(f'liquid-control: not measured: {line}', file=sys.stderr)
    return 1 if failed else 0


def at_work(progress: 'Progress') -> str:
    """How many pieces are done, and at which policy and fault one is, in at most 40 letters."""
    text = f'{progress.done}/{progress.total} pieces'
    for name, live in progress.live.items():
        policy = name.rpartition('-')[0]
        policy = policy if len(policy) <= _NAME else f'{policy[: _NAME - 1]}…'
        text += f', {policy}: {live.text}' if live.text else f', {policy}'
        break
    return text if len(text) <= _WIDTH else f'{text[: _WIDTH - 1]}…'


def _make(folder: Path) -> None:
    """Make the folder of pieces, before it is promised that results are kept there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f'--out {folder.parent}: cannot be written: {error.strerror}') from None


def _finish(
    args: argparse.Namespace,
    console: 'Console',
    results: 'RobustnessResults',
    folder: Path,
    table: Table,
) -> None:
    """Write all files; print the answer in words, the table, and where the files are."""
    from dataclasses import asdict

    from rich.text import Text

    from liquid_control.cli.progress import reporting
    from liquid_control.evaluation.robustness import analyse, outside
    from liquid_control.evaluation.robustness.rows import csv_text
    from liquid_control.files import write_whole
    from liquid_control.provenance import write_json
    from liquid_control.report.robustness import write_robustness_report
    from liquid_control.report.robustness.words import answers, problems

    results.save(folder / RESULTS)
    with console.status('resampling'):
        analysis = analyse(results)
    write_json(folder / _ANALYSIS, {'format': 1, **asdict(analysis)})
    text = csv_text(results, analysis)
    for path in filter(None, (folder / _TABLE, args.csv)):
        write_whole(path, text)
    if args.json:
        whole = {'format': 1, 'results': asdict(results), 'analysis': asdict(analysis)}
        write_json(args.json, whole)
    with reporting(console, 'videos') as report:
        page = write_robustness_report(
            folder, results, analysis, video=not args.no_video, report=report
        )
    for sentence in (*problems(results, analysis), *answers(results, analysis)):
        console.print(Text(sentence.text, style='bold red' if sentence.bad else ''))
    for note in outside.notes(results):
        console.print(Text(note))
    console.print()
    console.print(table(results, analysis))
    console.print(f'report: {page}', highlight=False, soft_wrap=True, markup=False)
    others = ', '.join(path.name for path in sorted(folder.iterdir()) if path.is_file())
    console.print(Text(f'in {folder}: {others}'))
