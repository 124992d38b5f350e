"""``liquid-control train predictor``: a robot's next-observation model, from its bags."""

import argparse
import sys
from pathlib import Path

from liquid_control.cli.arguments import (
    add_json_argument,
    add_observed_argument,
    add_type_arguments,
    check_bundle_path,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--bag', action='append', type=Path, required=True, help='recording; may be repeated'
    )
    parser.add_argument('--cell', required=True, help='recurrent cell: cfc, lstm, …')
    for name, text in (('from', 'begins'), ('to', 'ends')):
        parser.add_argument(
            f'--{name}', action='append', type=float, default=[], metavar='S', dest=f'{name}_s',
            help=f'where the part to train on {text}, s since the first observation; once for all '
            'bags, or once for each',
        )  # fmt: skip
    parser.add_argument('--updates', type=int, default=300, help='gradient steps per model (300)')
    parser.add_argument(
        '--learning-rate', type=float, default=0.005, help='highest learning rate of Adam (0.005)'
    )
    parser.add_argument('--horizon', type=int, default=50, help='steps predicted ahead (50)')
    parser.add_argument(
        '--folds',
        type=int,
        default=2,
        help='models that calibrate the alarm, one for each part (2)',
    )
    parser.add_argument(
        '--false-alarms', type=float, metavar='PER_MINUTE',
        help='false alarms per minute allowed to the trust alarm; default: the lowest rate that '
        'recordings of this length can support',
    )  # fmt: skip
    add_observed_argument(parser)
    add_type_arguments(parser)
    parser.add_argument('--robot', required=True, help='contract: a name or a path')
    parser.add_argument('--seed', type=int, default=0, help='seed of everything random (0)')
    parser.add_argument('--out', type=Path, required=True, help='bundle to write (.onnx)')
    parser.add_argument('--checkpoints', type=Path, metavar='DIR',
                        help='where to resume a stopped training (beside the bundle, until that '
                        'is written)')  # fmt: skip
    add_json_argument(parser, 'write the scores to a file', tables=False)


def main(args: argparse.Namespace) -> int:
    import torch
    from rich.console import Console
    from rich.markup import escape

    from liquid_control.cli.progress import reporting
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.card import alarm_text
    from liquid_control.training.folder import checkpoint_folder, how_to_resume

    _check(args)
    torch.set_num_threads(1)
    console = Console()
    try:
        with (
            checkpoint_folder(args.checkpoints, args.out) as folder,
            reporting(console, args.cell) as report,
        ):
            bundle = _train(args, folder, report)
    except KeyboardInterrupt:
        print(f'\n{how_to_resume(args.checkpoints, args.out)}', file=sys.stderr)
        return 130
    console.print(f'wrote {args.out}: {bundle.counts["parameters"]} parameters', highlight=False)
    if 'alarm' in bundle.scores:
        console.print(f'Trust alarm: {alarm_text(bundle.scores["alarm"])}', highlight=False)
    damaged = False
    for recording in bundle.provenance['recordings']:
        if recording['skipped']:
            console.print(
                f'[yellow]{escape(recording["name"])}: {recording["skipped"]} observations left '
                'out: not finite, or with a stamp that does not advance[/]', highlight=False,
            )  # fmt: skip
        if recording['damage']:
            damaged = True
            console.print(
                f'[red]{escape(recording["name"])}: incomplete, read as far as possible:[/] '
                f'{escape(recording["damage"])}', highlight=False,
            )  # fmt: skip
    if args.json:
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': bundle.scores})
    return 1 if damaged else 0


def _check(args: argparse.Namespace) -> None:
    """Refuse invalid arguments before anything is read."""
    check_bundle_path('--out', args.out)
    if args.out.exists():
        raise FileExistsError(f'--out {args.out}: exists already; a model is never overwritten')
    for name, least in (('updates', 1), ('horizon', 1), ('seed', 0)):
        if getattr(args, name) < least:
            raise ValueError(f'--{name}: expected {least} or more, found {getattr(args, name)}')
    if args.folds < 2:
        raise ValueError(f'--folds: expected 2 or more, found {args.folds}')
    if not 0.0 < args.learning_rate < 1.0:
        raise ValueError(
            f'--learning-rate: expected a number between 0 and 1, found {args.learning_rate}'
        )
    from liquid_control.training.predictor.publish import WINDOW_S

    most = 60.0 / WINDOW_S
    if args.false_alarms is not None and not 0.0 < args.false_alarms < most:
        raise ValueError(
            f'--false-alarms: expected a number above 0 and below {most:.3g}, one in each window '
            f'of the alarm, found {args.false_alarms}'
        )
    for name, given in (('from', args.from_s), ('to', args.to_s)):
        if len(given) not in (0, 1, len(args.bag)):
            raise ValueError(
                f'--{name}: expected once, or once for each of the {len(args.bag)} bags, found '
                f'{len(given)} times'
            )


def _train(args: argparse.Namespace, folder: Path, report):
    """Read the bags, train, calibrate and write the bundle."""
    from liquid_control import cells, paths
    from liquid_control.bags.bag import Bag
    from liquid_control.bags.recording import read_recording
    from liquid_control.control.contract import Contract
    from liquid_control.training.predictor.publish import publish_predictor
    from liquid_control.training.predictor.train import RecordedSettings

    chosen = cells.chosen([args.cell])
    if len(chosen) != 1:
        raise ValueError(f'--cell: expected one cell, found {args.cell}')
    (cell,) = chosen
    robot = Contract.load(paths.robot(args.robot))
    contract = robot.asking(*(term.name for term in robot.sensed))
    starts, stops = (
        given * len(args.bag) if len(given) == 1 else given or [default] * len(args.bag)
        for given, default in ((args.from_s, 0.0), (args.to_s, float('inf')))
    )
    recordings = [
        read_recording(Bag(path, args.distro, args.msgs), contract, args.observed, start, stop)
        for path, start, stop in zip(args.bag, starts, stops, strict=True)
    ]
    settings = RecordedSettings(
        cell=cell,
        seed=args.seed,
        updates=args.updates,
        learning_rate=args.learning_rate,
        horizon=args.horizon,
        folds=args.folds,
    )
    return publish_predictor(
        args.out, settings, recordings, contract, folder, report, args.false_alarms
    )
