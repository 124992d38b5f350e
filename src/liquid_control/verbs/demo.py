"""``liquid-control demo``: compare CfC and LSTM walking, clean and under sensor noise."""

import argparse

from liquid_control import extras
from liquid_control.verbs.arguments import add_walk_arguments

POLICIES = ('cfc', 'lstm')
FAULTS = ('none', 'gaussian:0.1')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_walk_arguments(parser, 'runs/TIME-demo')


def main(args: argparse.Namespace) -> int:
    extras.require('rclpy', 'mujoco', 'gymnasium')
    from rich.console import Console

    from liquid_control.evaluation.metrics import load_metrics
    from liquid_control.nodes.graph import RunSettings
    from liquid_control.provenance import command, provenance, write_json
    from liquid_control.report.report import write_report
    from liquid_control.report.table import comparison_table
    from liquid_control.run_folder import run_folder
    from liquid_control.verbs.walk import draw, walk

    console = Console()
    parent = run_folder(args.out, 'demo')
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
            walk(settings, console, f'{policy}, fault {fault}')
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
