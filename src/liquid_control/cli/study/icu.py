"""``study icu``: in-hospital mortality on the PhysioNet/CinC Challenge 2012."""

import argparse
from pathlib import Path

from liquid_control.cli.arguments import add_json_argument, add_names_argument, whole
from liquid_control.cli.parser import Parser
from liquid_control.cli.study.shared import (
    QUICK,
    add_out_argument,
    exit_code,
    list_runs,
    out_folder,
    require_runs,
    study_folder,
)

DATA = 'physionet2012'


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--data', type=Path, metavar='DIR', help='folder with set-a.tar.gz and Outcomes-a.txt'
    )
    parser.add_argument(
        '--test-data', type=Path, metavar='DIR', help='measure trained models on this set instead'
    )
    add_out_argument(parser, 'icu', 'folder for finished runs, from which a stopped study resumes')
    parser.add_argument(
        '--part', action='append', metavar='PART',
        help='recipes or comparison; may be repeated (all)',
    )  # fmt: skip
    add_names_argument(parser, '--cells', 'A,B', 'only these cells')
    parser.add_argument(
        '--runs', default='*', metavar='PATTERN', help="only matching runs ('*-seed0')"
    )
    parser.add_argument(
        '--seeds', type=whole(1), default=5, help='number of seeds, each with its own fold (5)'
    )
    parser.add_argument('--epochs', type=whole(1), help='epochs of every run')
    parser.add_argument('--workers', type=whole(1), default=1, help='runs at a time (1)')
    parser.add_argument('--quick', action='store_true', help='two cells, few epochs, no tuning')
    parser.add_argument('--list', action='store_true', help='list the runs and exit')
    add_json_argument(parser, 'also write the results here')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.run_folder import alone_in
    from liquid_control.study.carry_out import carry_out, failures, results
    from liquid_control.study.checks import checked
    from liquid_control.study.icu import patients
    from liquid_control.study.icu.dataset import IcuData

    args.out = out_folder(args, 'icu')
    plan, console = _plan(args), Console()
    footing, recipes = plan.footing, plan.recipes()
    runs = [*footing.tuning(), *footing.runs({}), *recipes]
    names = [run.name for run in runs]
    require_runs(names, args.runs)
    if args.list:
        return list_runs(names, runs)
    if args.data is None:
        raise ValueError(
            '--data: expected the folder with set-a.tar.gz and Outcomes-a.txt, of '
            'https://physionet.org/content/challenge-2012/1.0.0/'
        )
    data = IcuData(args.data.resolve())
    with console.status('reading the data'):
        everyone = patients.load(data.path)
        folder = study_folder(args.out, 'weights', 'icu')
        store = checked(footing, folder, data, data.split(everyone), recipes)
    if args.test_data is not None:
        return _evaluate(args, console, plan, store, data)
    with alone_in(folder), terminable():
        states = carry_out(footing, store, data, args.workers, others=recipes)
        progress, stopped = follow(console, 'study', 'runs', states)
        found = results(footing, store, data, recipes)
        failed = progress.failed | failures(found)
        complete = len(found) == len(names) and not failed
        about = {'complete': 'quick' if complete and args.quick else complete, 'failed': failed}
        _write(args, console, plan, data, everyone, list(found.values()), 'results.json', about)
    return exit_code(args.out, stopped, failed, len(found), len(names))


def _plan(args):
    from liquid_control.study.icu.plan import PARTS, Plan
    from liquid_control.study.run import COMPARISON

    parts = tuple(args.part or ((COMPARISON,) if args.quick else PARTS))
    plan = Plan(parts, tuple(args.cells), args.runs, args.seeds, args.epochs)
    return plan.quick() if args.quick else plan


def _evaluate(args, console, plan, store, data) -> int:
    """Measure the finished runs on another set."""
    from liquid_control.study.carry_out import results
    from liquid_control.study.icu import patients
    from liquid_control.study.icu.other_set import evaluate

    with console.status('measuring the models'):
        everyone = patients.load(args.test_data.resolve())
        trained = results(plan.footing, store, data, plan.recipes())
        found = evaluate(trained.values(), store, data, everyone)
    if not found:
        raise ValueError(f'{args.out}: no finished runs; train them first, without --test-data')
    _write(args, console, plan, data, everyone, found, 'other_set.json', {})
    return 0


def _write(args, console, plan, data, everyone, found, name, about) -> None:
    """Write the results without single patients; print the tables."""
    from dataclasses import asdict

    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.study.icu.dataset import PUBLISHED
    from liquid_control.study.icu.summary import logistic, severity, summarize, tables

    rows = {**summarize(found, data), 'baselines': severity(everyone)}
    if name == 'results.json':
        rows['baselines'].append(logistic(everyone))
    results = {
        'format': 1,
        'study': data.name,
        **about,
        'provenance': provenance(data_sha256=everyone.sha256, seeds=list(range(plan.seeds))),
        'criterion': data.criterion,
        'greater': data.greater,
        'footing': asdict(plan.footing),
        'published_data': everyone.sha256 == PUBLISHED,
        'cleaning': everyone.cleaning,
        'summary': rows,
        'runs': [
            {key: value for key, value in one.items() if key not in ('logit', 'died')}
            for one in found
        ],
    }
    for path in filter(None, (args.out / name, args.json)):
        write_json(path, results)
    pages = write_report(args.out) if name == 'results.json' else []
    for table in tables(rows):
        console.print(table)
    counts = everyone.cleaning
    cleaned = ', '.join(
        f'{counts[rule]["rows"]:,} {rule}' for rule in ('missing', 'impossible', 'repeated')
    )
    console.print(
        f'{counts["patients"]:,} patients, {counts["deaths"]} deaths, {counts["rows"]:,} rows: '
        f'{cleaned}',
        highlight=False,
    )
    if args.quick:
        console.print(QUICK)
    files = ', '.join(path.name for path in (args.out / name, *pages))
    console.print(f'in {args.out}: {files}', highlight=False)
