"""``study icu``: in-hospital mortality on the PhysioNet/CinC Challenge 2012."""

import argparse
import sys
from pathlib import Path

from liquid_control.cli.arguments import add_json_argument, whole
from liquid_control.cli.parser import Parser

DATA = 'physionet2012'
_NAME = 'icu'


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--data', type=Path, metavar='DIR', help='folder with set-a.tar.gz and Outcomes-a.txt'
    )
    parser.add_argument(
        '--test-data', type=Path, metavar='DIR', help='measure trained models on this set instead'
    )
    parser.add_argument(
        '--out', type=Path, default=Path('runs/icu'), metavar='FOLDER',
        help='folder for finished runs, from which a stopped study resumes (runs/icu)',
    )  # fmt: skip
    parser.add_argument(
        '--part', action='append', metavar='PART',
        help='recipes or comparison; may be repeated (all)',
    )  # fmt: skip
    parser.add_argument('--cells', metavar='A,B', help='only these cells')
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
    from liquid_control.run_folder import own_folder
    from liquid_control.study.icu import patients
    from liquid_control.study.icu.dataset import IcuData
    from liquid_control.study.icu.plan import carry_out, results
    from liquid_control.study.run import ResultStore

    plan, console = _plan(args), Console()
    names = [run.name for run in (*plan.tuning(), *plan.runs({}))]
    if args.list:
        console.print('\n'.join(names), highlight=False)
        return 0
    if not names:
        raise ValueError('no run matches; --list without filters lists all runs')
    if args.data is None:
        raise ValueError('--data: expected the folder with set-a.tar.gz and Outcomes-a.txt')
    with console.status('reading the data'):
        source = IcuData(args.data.resolve())
        everyone, split = patients.load(source.path), source.load()
    store = ResultStore(own_folder(args.out, 'weights'), split.sha256)
    if args.test_data is not None:
        return _evaluate(args, console, plan, store)
    with terminable():
        states = carry_out(plan, store, source.path, args.workers)
        progress, stopped = follow(console, 'study', 'runs', states)
        found = results(plan, store)
        _write(args, console, plan, everyone, list(found.values()), 'results.json')
    if stopped:
        print(
            f'stopped; {len(found)} of {len(names)} runs are kept in {args.out}: '
            'the same command resumes from there',
            file=sys.stderr,
        )
        return 130
    for name, why in progress.failed.items():
        print(f'liquid-control study: {name}: {why}', file=sys.stderr)
    return 1 if progress.failed else 0


def _plan(args):
    from liquid_control.study.icu.plan import (
        LEARNING_RATES,
        PARTS,
        QUICK_CELLS,
        QUICK_EPOCHS,
        Plan,
    )

    chosen = tuple(filter(None, (args.cells or '').split(',')))
    if args.cells is not None and not chosen:
        raise ValueError(f'--cells: expected names of cells, found {args.cells!r}')
    parts, rates = tuple(args.part or PARTS), LEARNING_RATES
    epochs, seeds = args.epochs, args.seeds
    if args.quick:
        chosen, epochs = chosen or QUICK_CELLS, epochs or QUICK_EPOCHS
        parts, rates, seeds = ('comparison',), rates[1:2], min(seeds, 3)
    return Plan(parts, chosen, args.runs, seeds, epochs, rates)


def _evaluate(args, console, plan, store) -> int:
    """Measure the finished runs on another set."""
    from liquid_control.study.icu.other_set import evaluate
    from liquid_control.study.icu.plan import chosen_runs, results

    with console.status('measuring the models'):
        everyone, found = evaluate(
            chosen_runs(plan, store), results(plan, store), store, args.test_data.resolve()
        )
    if not found:
        raise ValueError(f'{args.out}: no finished runs; train them first, without --test-data')
    _write(args, console, plan, everyone, found, 'other_set.json')
    return 0


def _write(args, console, plan, everyone, found, name) -> None:
    """Write the results without single patients; print the tables."""
    from dataclasses import asdict

    from liquid_control.cli.study.pages import write_report
    from liquid_control.provenance import provenance, write_json
    from liquid_control.study.icu.dataset import PUBLISHED
    from liquid_control.study.icu.summary import logistic, severity, summarize, tables

    rows = {**summarize(found), 'baselines': severity(everyone)}
    if name == 'results.json':
        rows['baselines'].append(logistic(everyone))
    results = {
        'format': 1,
        'study': _NAME,
        'provenance': provenance(data_sha256=everyone.sha256, seeds=list(range(plan.seeds))),
        'published_data': everyone.sha256 == PUBLISHED,
        'cleaning': everyone.cleaning,
        'plan': asdict(plan),
        'summary': rows,
        'runs': [
            {key: value for key, value in one.items() if key not in ('logit', 'died')}
            for one in found
        ],
    }
    for path in filter(None, (args.out / name, args.json)):
        write_json(path, results)
    if name == 'results.json':
        write_report(args.out)
    for table in tables(rows):
        console.print(table)
    counts = everyone.cleaning
    cleaned = ', '.join(
        f'{counts[rule]["rows"]:,} {rule}' for rule in ('missing', 'impossible', 'repeated')
    )
    console.print(
        f'{counts["patients"]:,} patients, {counts["deaths"]} deaths, {counts["rows"]:,} rows: '
        f'{cleaned}; in {args.out}: {name}',
        highlight=False,
    )
