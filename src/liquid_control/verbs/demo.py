"""``liquid-control demo``: CfC and LSTM walk, clean and under sensor noise, and are compared."""

import argparse
from pathlib import Path

POLICIES = ('cfc', 'lstm')
FAULTS = ('none', 'gaussian:0.1')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--seed', type=int, default=0, help='of the walks and the noise (0)')
    parser.add_argument('--seconds', type=float, default=8.0, help='length of a walk in s (8)')
    parser.add_argument(
        '--mode',
        choices=('realtime', 'lockstep'),
        default='realtime',
        help='on the wall clock, or as fast as the graph allows (realtime)',
    )
    parser.add_argument('--out', type=Path, help='folder to make (runs/TIME-demo)')
    parser.add_argument('--no-video', action='store_true', help='draw no videos')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all metrics here')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.evaluation.metrics import load_metrics
    from liquid_control.evaluation.report import write_report
    from liquid_control.evaluation.table import comparison_table
    from liquid_control.nodes.graph import RunSettings
    from liquid_control.provenance import command, provenance, write_json
    from liquid_control.verbs.walk import draw, new_folder, walk

    console = Console()
    parent = args.out or new_folder(Path('runs'), 'demo')
    folders = []
    for policy in POLICIES:
        for fault in FAULTS:
            folder = parent / f'{policy}-{fault.split(":")[0].replace("none", "clean")}'
            settings = RunSettings(
                folder=folder,
                policy=policy,
                fault=fault,
                seed=args.seed,
                seconds=args.seconds,
                mode=args.mode,
                command=command(),
            )
            try:
                walk(settings, console, f'{policy}, fault {fault}')
            finally:
                if (folder / 'bag').exists():
                    console.print(f'recorded in {folder}', highlight=False)
            if not args.no_video:
                draw(folder, console)
            folders.append(folder)
    metrics = [load_metrics(folder) for folder in folders]
    report = parent / 'report.html'
    write_report(report, folders)
    for folder in folders:
        write_report(folder / 'report.html', [folder])
    console.print(comparison_table(metrics))
    console.print(f'report: {report}', highlight=False)
    if args.json:
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'runs': metrics})
    return 0 if all(m['complete'] for m in metrics) else 1
