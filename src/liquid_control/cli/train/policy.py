"""``train policy``: one student, or all cells and seeds of a comparison."""

import argparse
import sys
from pathlib import Path
from typing import Any

from liquid_control.cli.arguments import (
    add_device_argument,
    add_json_argument,
    add_simulated_argument,
    check_bundle_path,
    existing_path,
)

_MODELS = ('.pt', '.pth', '.ckpt', '.safetensors', '.pkl', '.zip', '.h5')
"""Suffixes by which a single model is surely meant."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--cell', action='append', default=[], metavar='NAME',
                        help='recurrent cell; may be repeated')  # fmt: skip
    parser.add_argument('--all', action='store_true', help='every cell')
    parser.add_argument('--seed', type=int, default=0, help='first seed, of everything random (0)')
    parser.add_argument('--seeds', type=int, default=1, help='number of seeds, counting up (1)')
    parser.add_argument('--workers', type=int, default=1, help='runs at a time (1)')
    parser.add_argument('--threads', type=int, default=1,
                        help='threads that step the physics of each run (1)')  # fmt: skip
    add_device_argument(parser)
    parser.add_argument('--teacher', default='expert', help='bundle: a name or a path (expert)')
    add_simulated_argument(parser, contract=True)
    parser.add_argument('--rounds', type=int, help='rounds of DAgger (450)')
    parser.add_argument('--updates', type=int, help='gradient steps per round (16)')
    parser.add_argument('--fine-tune', type=int, metavar='ROUNDS',
                        help='rounds of reinforcement after imitation; 0: none (800)')  # fmt: skip
    parser.add_argument('--optimizer', help='adam or muon (muon, if torch has it: from 2.9 on)')
    parser.add_argument('--learning-rate', type=float,
                        help='highest learning rate (adam 0.002, muon 0.006)')  # fmt: skip
    parser.add_argument('--conditions', type=existing_path, metavar='FILE',
                        help='YAML with the faults to train under')  # fmt: skip
    parser.add_argument('--out', type=Path, required=True, metavar='PATH',
                        help='one bundle (.onnx), or a folder for several runs, where '
                        'stopped ones resume')  # fmt: skip
    parser.add_argument('--checkpoints', type=Path, metavar='DIR',
                        help='with one bundle: where to resume a stopped training '
                        '(beside the bundle, until that is written)')  # fmt: skip
    parser.add_argument('--log', type=Path, metavar='DIR', help='log of losses (TensorBoard)')
    add_json_argument(parser, 'write the scores to a file')


def main(args: argparse.Namespace) -> int:
    from liquid_control import paths
    from liquid_control.control.contract import Contract
    from liquid_control.faults import FaultError
    from liquid_control.sim import robot_of, simulated_contract
    from liquid_control.training.device import Hardware, device_named
    from liquid_control.training.student.campaign import Setup
    from liquid_control.training.teacher import read_teacher, student_contract

    runs = _runs(args)
    device_named(args.device)
    hardware = Hardware(args.device, args.threads)
    if args.checkpoints and args.out.suffix != '.onnx':
        raise ValueError('--checkpoints: several runs keep theirs in --out; give it with one .onnx')
    robot, teacher = simulated_contract(args.robot), paths.policy(args.teacher, args.robot)
    contract = Contract.load(robot)
    student_contract(contract)  # before anything starts
    simulated = robot_of(contract)
    try:
        runs[0].conditions.require_fit(contract)
    except FaultError as error:
        raise FaultError(f'--conditions {args.conditions}: {error}') from None
    setup = Setup(contract, read_teacher(teacher, simulated), hardware)
    if args.out.suffix == '.onnx':
        return _one(args, runs, setup)
    return _several(args, runs, setup)


def _runs(args):
    from liquid_control import cells
    from liquid_control.run_folder import own_folder
    from liquid_control.training.student.conditions import Conditions
    from liquid_control.training.student.settings import FineTuningSettings, StudentSettings

    for option, least in (('seeds', 1), ('workers', 1), ('threads', 1), ('rounds', 1),
                          ('updates', 1), ('seed', 0), ('fine-tune', 0)):  # fmt: skip
        value = getattr(args, option.replace('-', '_'))
        if value is not None and value < least:
            raise ValueError(f'--{option}: expected {least} or more, found {value}')
    names = cells.chosen(args.cell + ['all'] * args.all)
    if not names:
        raise ValueError('--cell: name a cell, or give --all')
    given: dict[str, Any] = {
        'rounds': args.rounds,
        'updates': args.updates,
        'optimizer': args.optimizer,
        'learning_rate': args.learning_rate,
        'conditions': args.conditions and Conditions.load(args.conditions),
        'fine_tuning': None if args.fine_tune is None else FineTuningSettings(args.fine_tune),
    }
    given = {name: value for name, value in given.items() if value is not None}
    runs = [
        StudentSettings(cell=cell, seed=seed, **given)
        for seed in range(args.seed, args.seed + args.seeds)
        for cell in names
    ]
    if args.out.suffix == '.onnx' and len(runs) > 1:
        raise ValueError(f'--out: expected a folder for {len(runs)} runs, found {args.out}')
    if args.out.suffix == '.onnx':
        check_bundle_path('--out', args.out)
    elif args.out.suffix in _MODELS or args.out.is_file():
        raise ValueError(f'--out: expected a file named .onnx, or a folder, found {args.out}')
    else:
        own_folder(args.out, 'seeds')
    return runs


def _one(args, runs, setup) -> int:
    from rich.console import Console

    from liquid_control.cli.progress import reporting
    from liquid_control.control.bundle import Bundle
    from liquid_control.training.folder import checkpoint_folder, how_to_resume
    from liquid_control.training.student.campaign import RunFiles, carry_out, finished

    console = Console()
    bundle = finished(args.out, runs[0], setup)
    if bundle is not None:
        print(f'{args.out} is trained already')
        return _show_scores(args, console, bundle)
    try:
        with (
            checkpoint_folder(args.checkpoints, args.out) as folder,
            reporting(console, runs[0].cell) as report,
        ):
            carry_out(runs[0], setup, RunFiles(args.out, folder, args.log), report)
    except KeyboardInterrupt:
        print(f'\n{how_to_resume(args.checkpoints, args.out)}', file=sys.stderr)
        return 130
    bundle = Bundle.read(args.out)
    console.print(f'wrote {args.out}: {bundle.counts["parameters"]} parameters', highlight=False)
    return _show_scores(args, console, bundle)


def _show_scores(args, console, bundle) -> int:
    """Print the scores of one bundle, and write them if asked to."""
    from liquid_control.cli.train.score import score_table
    from liquid_control.provenance import provenance, write_json

    console.print(score_table(bundle.path.name, bundle.scores))
    if args.json:
        about = provenance(seed=bundle.provenance['seed'])
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': bundle.scores})
    return 0


def _several(args, runs, setup) -> int:
    from rich.console import Console

    from liquid_control.cli.arguments import terminable
    from liquid_control.cli.progress import follow
    from liquid_control.provenance import provenance, write_json
    from liquid_control.training.student.campaign import campaign, conclude

    console = Console()
    (args.out / 'seeds').mkdir(parents=True, exist_ok=True)
    with terminable():
        states = campaign(runs, setup, args.out, args.workers, args.log)
        progress, stopped = follow(console, 'policies', 'runs', states)
        best = conclude(runs, setup, args.out, progress.failed)
    console.print(_table(best))
    if args.json:
        scores = {cell: bundle.scores for cell, bundle in best.items()}
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': scores})
    for name, why in progress.failed.items():
        print(f'liquid-control train: {name}: {why}', file=sys.stderr)
    if stopped:
        print(
            f'stopped; {len(progress.finished)} of {len(runs)} runs are finished: the same '
            'command resumes the others from their last checkpoints, where there are any',
            file=sys.stderr,
        )
        return 130
    return 1 if progress.failed else 0


def _table(best):
    from liquid_control.evaluation.suite import SCORES
    from liquid_control.report.tables import new_table

    table = new_table(
        '% of\nteacher',
        'seeds',
        *(condition.heading for condition in SCORES.conditions),
        'error/\npers.',
    )
    table.collapse_padding, table.pad_edge = True, False  # to fit into 80 columns
    for cell, bundle in sorted(best.items()):
        seeds = bundle.scores['seeds']
        percents = [f'{seeds[fault]["percent"]["mean"]:.0f}' for fault in SCORES.faults]
        ratio = seeds['none'].get('prediction_ratio')
        text = f'{ratio["mean"]:.3f}' if ratio else ''
        table.add_row(cell, str(len(seeds['seeds'])), *percents, text)
    return table
