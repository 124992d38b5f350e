"""``replay``: run policies over a recording, open loop, and compare."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('recording', type=Path, help='a run folder, a rosbag2 folder or an .mcap')
    parser.add_argument(
        '--policy',
        action='append',
        metavar='FILE',
        help='a bundle, by path or name; may be given again; default: the one that was recorded',
    )
    parser.add_argument('--robot', metavar='CONTRACT', help="the robot's contract, path or name")
    parser.add_argument(
        '--observed',
        action='append',
        default=[],
        metavar='TOPIC=RECORDED',
        help='where a topic of the contract was recorded under another name',
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures to a file')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control import paths
    from liquid_control.control import Contract, PolicyRunner
    from liquid_control.evaluation.bag import Bag
    from liquid_control.evaluation.runs import read_run
    from liquid_control.evaluation.scores import replay_scores
    from liquid_control.provenance import provenance, write_json

    folder = args.recording
    home = folder.parent if folder.name == 'bag' else folder
    run = read_run(home) if (home / 'run.json').is_file() else {}
    bag = Bag(folder)
    if args.robot or not run.get('contract'):
        if not args.robot:
            raise ValueError(f'{folder} has no run.json that names a robot: give --robot')
        robot = Contract.load(paths.robot(args.robot))
    else:
        robot = Contract.from_dict(run['contract'], f'{folder}: the contract in run.json')
    policies = args.policy or _recorded_policy(run, folder, robot.robot)
    observed = {**run.get('observed', {}), **dict(map(_renaming, args.observed))}
    console = Console()
    scores = []
    for policy in policies:
        path = Path(policy) if Path(policy).is_file() else paths.policy(policy, robot.robot)
        with console.status(f'replaying {path.stem}'):
            scores.append(replay_scores(bag, PolicyRunner(path), robot, observed))
    console.print(_table(scores))
    console.print(
        '[dim]error: mean squared error of the predicted next observation in units of std; '
        'persist.: of the last one taken for it;\nΔ action: to the recorded command, largest and '
        'root mean square; step: p50/p99[/]'
    )
    if bag.damage:
        console.print(f'[yellow]the recording is damaged, read as far as it goes:[/] {bag.damage}')
    if args.json:
        origin = provenance(contract_sha256=robot.hash, recorded=run)
        write_json(
            args.json,
            {
                'format': 1,
                'complete': bag.damage is None,
                'why': bag.damage or '',
                'recording': str(folder),
                'provenance': origin,
                'policies': scores,
            },
        )
    return 0 if bag.damage is None else 1


def _recorded_policy(run: dict[str, Any], folder: Path, robot: str) -> list[str]:
    """The policy that was recorded, where a file of its name still has the same content."""
    from liquid_control import paths
    from liquid_control.control import Bundle

    bundle = run.get('bundle', {})
    name = bundle.get('path') or run.get('policy')
    if not name:
        raise ValueError(f'{folder} has no run.json that names a policy: give --policy')
    try:
        path = Path(name) if bundle.get('path') else paths.policy(name, robot)
        same = Bundle.read(path).sha256 == bundle.get('sha256')
    except (ValueError, OSError) as error:
        raise ValueError(f'the policy that was recorded: {error}; give --policy') from None
    if not same:
        raise ValueError(
            f'{path} is not the policy that was recorded, whose SHA-256 is '
            f'{bundle.get("sha256")}; give --policy'
        )
    return [str(path)]


def _renaming(text: str) -> tuple[str, str]:
    topic, separator, recorded = text.partition('=')
    if not separator or not topic or not recorded:
        raise ValueError(f'--observed {text}: expected TOPIC=RECORDED')
    return topic.strip('/'), recorded.strip('/')


def _table(scores: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    def text(value: Any, form: str) -> str:
        return '–' if value is None else format(value, form)

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column('policy', overflow='fold')
    for heading in (
        'steps',
        'error',
        'persist.',
        'ratio',
        'Δ action max',
        'Δ action rms',
        'step µs',
    ):
        table.add_column(heading, justify='right', min_width=max(map(len, heading.split())))
    for score in scores:
        p50, p99 = (text(score[f'policy_step_us_{p}'], '.0f') for p in ('p50', 'p99'))
        table.add_row(
            escape(score['policy']),
            str(score['steps']),
            text(score['prediction_mse'], '.4g'),
            text(score['persistence_mse'], '.4g'),
            text(score['prediction_ratio'], '.3f'),
            text(score['action_difference_max'], '.3g'),
            text(score['action_difference_rms'], '.3g'),
            f'{p50}/{p99}',
        )
    return table
