"""``study walker2d-kinematics``: published recipes, cells on the same footing, our best model."""

import argparse
from pathlib import Path
from typing import Any

from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments
from liquid_control.cli.study.shared import (
    QUICK,
    exit_code,
    list_runs,
    out_folder,
    require_runs,
    study_folder,
)

DATA = 'walker2d_kinematics'


def add_arguments(walker: Parser) -> None:
    walker.add_argument('--data', type=Path, help='folder with rollout_000.npy …')
    walker.add_argument(
        '--part',
        action='append',
        metavar='PART',
        help='recipes, comparison or best; may be repeated (all)',
    )
    walker.add_argument(
        '--budget', action='append', type=int, metavar='N',
        help='parameter budget of the models, 20000 or 100000; may be repeated (20000)',
    )  # fmt: skip
    walker.add_argument(
        '--evaluate',
        nargs='?',
        const='',
        metavar='FILE',
        help='train nothing: measure the weights of the best model (those that ship)',
    )
    add_compared_arguments(walker, 'walker2d-kinematics', updates=15_150)


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.run_folder import alone_in
    from liquid_control.study.finished import Finished
    from liquid_control.study.run import ResultStore
    from liquid_control.study.walker2d_kinematics import dataset as data
    from liquid_control.study.walker2d_kinematics.plan import QUICK_PLAN, Plan, carry_out
    from liquid_control.training.device import device_named

    args.out = out_folder(args, 'walker2d-kinematics')
    given: dict[str, Any] = {
        'parts': tuple(args.part or ()),
        'cells': tuple(args.cells),
        'budgets': tuple(args.budget or ()),
        'seeds': args.seeds,
        'updates': args.updates,
    }
    given = {name: value for name, value in given.items() if value}
    plan = Plan(pattern=args.runs, **{**(QUICK_PLAN if args.quick else {}), **given})
    console = Console()
    runs = [*plan.tuning(), *plan.runs({})]
    names = [run.name for run in runs]
    require_runs(names, args.runs)
    if args.list:
        return list_runs(names, runs)
    if args.data is None:
        raise ValueError(
            '--data: expected the folder with rollout_000.npy …, found none; it is data/walker '
            'of https://github.com/raminmh/CfC'
        )
    if args.evaluate is not None:
        return _evaluate(args, console)
    device_named(args.device)
    finished = args.finished and Finished(args.finished, 'walker2d-kinematics')
    with console.status('reading the data'):
        rollouts = _load(args, console)
        measure = data.baselines(data.protocol(rollouts))
    folder = study_folder(args.out, 'weights', 'walker2d-kinematics')
    store = ResultStore(folder, rollouts.sha256, 'mse')
    with alone_in(folder), terminable():
        if finished is not None:
            known = [*plan.tuning(), *plan.others()]
            finished.give(known, plan.compared({}), store, plan.footing.tunes)
            finished.require_some()
        states = carry_out(plan, store, args.data.resolve(), args.workers, args.device)
        progress, stopped = follow(console, 'study', 'runs', states)
        kept, failed = _finish(args, console, plan, store, progress.failed, measure, rollouts)
    return exit_code(args.out, stopped, failed, kept, len(names))


def _evaluate(args, console) -> int:
    """Measure weights of the best model by the protocol, and print the errors."""
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.tables import new_table
    from liquid_control.study.walker2d_kinematics import best_weights
    from liquid_control.study.walker2d_kinematics import dataset as data

    if args.part not in (None, ['best']):
        raise ValueError(f'--evaluate: expected --part best or none, found {", ".join(args.part)}')
    path = Path(args.evaluate) if args.evaluate else best_weights.shipped()
    best_weights.read(path)  # before the data
    with console.status('reading the data'):
        rollouts = _load(args, console)
        windows = data.protocol(rollouts)
        figures = best_weights.evaluate(path, windows)
        measure = data.baselines(windows)
    table = new_table('mean squared error', 'test', 'validation')
    table.add_row(path.name, f'{figures["test_mse"]:.3f}', f'{figures["validation_mse"]:.3f}')
    table.add_row('persistence', f'{measure["persistence_mse"]:.3f}', '')
    table.add_row('linear map', f'{measure["linear_mse"]:.3f}', '')
    console.print(table)
    if args.json:
        about = provenance(data_sha256=rollouts.sha256)
        write_json(args.json, {'format': 1, 'provenance': about, 'weights': path.name, **figures})
    return 0


def _load(args, console):
    """The rollouts, with a note if they are not the published ones."""
    from liquid_control.study.walker2d_kinematics import dataset as data

    rollouts = data.load(args.data)
    if not rollouts.published:
        console.print(
            f'[yellow]note:[/] these rollouts have SHA-256 {rollouts.sha256[:12]}…, the published '
            f'ones {data.SHA256[:12]}…: some differ, and figures will too'
        )
    return rollouts


def _finish(args, console, plan, store, failed, measure, rollouts) -> tuple[int, dict[str, str]]:
    """Write results.json and the plots; print the tables.

    Returns the number of results, and why runs failed.
    """
    from dataclasses import asdict

    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.study_plots import write_plots
    from liquid_control.study.carry_out import failures
    from liquid_control.study.walker2d_kinematics.plan import results
    from liquid_control.study.walker2d_kinematics.published import PUBLISHED
    from liquid_control.study.walker2d_kinematics.summary import summarize, tables

    by_name = results(plan, store)
    failed = failed | failures(by_name)
    runs = [by_name[name] for name in sorted(by_name)]
    published = {cell: (row.mse, row.deviation) for cell, row in PUBLISHED.items()}
    summary = summarize(runs, published)
    complete = len(runs) == len({run.name for run in (*plan.tuning(), *plan.runs({}))})
    whole = {
        'format': 1,
        'study': 'walker2d-kinematics',
        'complete': 'quick' if complete and args.quick else complete,
        'failed': failed,
        'provenance': provenance(data_sha256=rollouts.sha256, seeds=list(range(plan.seeds))),
        'published_data': rollouts.published,
        'plan': asdict(plan),
        'baselines': measure,
        'summary': summary,
        'runs': runs,
    }
    for path in filter(None, (args.out / 'results.json', args.json)):
        write_json(path, whole)
    for table in tables(summary, measure):
        console.print(table)
    if args.quick:
        console.print(QUICK)
    plots = [*write_plots(args.out, summary, runs), *write_report(args.out)]
    written = ', '.join(path.name for path in (args.out / 'results.json', *plots))
    console.print(f'in {args.out}: {written}', highlight=False)
    return len(runs), failed
