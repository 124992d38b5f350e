"""``liquid-control benchmark replay``: replaying a bag, beside plain rosbags reading it."""

import argparse
import resource
import time
from pathlib import Path
from typing import Any

from liquid_control.cli.arguments import (
    add_observed_argument,
    add_policies_argument,
    existing_path,
    whole,
)
from liquid_control.report.tables import Figure, new_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('recording', type=existing_path, help='a bag')
    parser.add_argument('--robot', required=True, help='contract: a name or a path')
    add_policies_argument(parser, 'bundles, by path or name', required=True)
    add_observed_argument(parser)
    parser.add_argument('--rounds', type=whole(1), default=3, help='rounds of each, in turn (3)')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.bags.bag import Bag
    from liquid_control.bags.merging import sensed
    from liquid_control.bags.names import check_renamed
    from liquid_control.control import Contract, PolicyRunner
    from liquid_control.provenance import provenance, write_json
    from liquid_control.replay.results import replay_policies

    robot = Contract.load(paths.robot(args.robot))
    check_renamed(args.observed, robot)
    runners = [
        PolicyRunner(Path(p) if Path(p).is_file() else paths.policy(p, args.robot))
        for p in args.policy
    ]
    seconds = 0.0

    def replay() -> None:
        nonlocal seconds
        _, about = replay_policies(Bag(args.recording), runners, robot, args.observed)
        seconds = about['seconds']

    def index() -> None:
        bag, topics = Bag(args.recording), robot.asking(*(t.name for t in robot.sensed))
        for _ in sensed(bag, topics, args.observed):
            pass

    kinds = {
        'rosbags alone': lambda: _deserialise(args.recording),
        'our reading, merged by stamp': index,
        'replay': replay,
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for _ in range(args.rounds):
        for name, run in kinds.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    rows = []
    for name, times in taken.items():
        wall, cpu = (min(t[i] for t in times) for i in (0, 1))
        rows.append({'what': name, 'wall_s': wall, 'cpu_s': cpu, 'times_real': seconds / cpu})
    table = new_table(
        'what', Figure('wall, s', '.2f'), Figure('CPU, s', '.2f'), Figure('× real time', '.1f')
    )
    for row in rows:
        table.add_row(row['what'], row['wall_s'], row['cpu_s'], row['times_real'])
    console = Console()
    console.print(table)
    console.print(f'[dim]{seconds:.1f} s recorded, {len(runners)} policies; best of rounds[/]')
    if args.json:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        figures: dict[str, Any] = {
            'format': 1,
            'provenance': provenance(contract_sha256=robot.hash),
            'recording_s': seconds,
            'policies': [r.bundle.sha256 for r in runners],
            'rounds': args.rounds,
            'rows': rows,
            'peak_resident_mb': peak / 1024,
        }
        write_json(args.json, figures)
    return 0


def _deserialise(recording: Path) -> None:
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    folder = recording / 'bag' if (recording / 'bag').is_dir() else recording
    with AnyReader([folder], default_typestore=get_typestore(Stores.ROS2_KILTED)) as reader:
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
