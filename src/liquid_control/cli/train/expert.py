"""``train expert``: train with PPO, and keep its best walker and its best teacher."""

import argparse
import sys
from pathlib import Path

from liquid_control.cli.arguments import add_json_argument, add_simulated_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_simulated_argument(parser)
    parser.add_argument('--steps', type=int, help='environment steps (4500000)')
    parser.add_argument('--seed', type=int, default=0, help='seed of everything random (0)')
    parser.add_argument(
        '--robust',
        action='store_true',
        help='delay its commands and add noise to them in training',
    )
    parser.add_argument('--out', type=Path, required=True, help='bundle of the best walker (.onnx)')
    parser.add_argument(
        '--teacher', type=Path, metavar='FILE', help='bundle of the best teacher (.onnx)'
    )
    parser.add_argument(
        '--checkpoints', type=Path, metavar='DIR',
        help='where to resume a stopped training (beside the bundle, until that is written)',
    )  # fmt: skip
    parser.add_argument(
        '--log', type=Path, metavar='DIR', help='log of losses and returns (TensorBoard)'
    )
    add_json_argument(parser, 'write the scores to a file', tables=False)


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.cli.arguments import check_bundle_path
    from liquid_control.cli.train.score import score_table
    from liquid_control.provenance import provenance, write_json
    from liquid_control.sim import simulated_robot
    from liquid_control.training.expert.ppo import ExpertSettings
    from liquid_control.training.expert.publish import finished_expert
    from liquid_control.training.folder import how_to_resume

    for option, path in (('--out', args.out), ('--teacher', args.teacher)):
        if path is not None:
            check_bundle_path(option, path)
    if args.teacher is not None and args.teacher.resolve() == args.out.resolve():
        raise ValueError(f'--teacher: expected another file than --out, found {args.teacher}')
    for option, least in (('steps', 1), ('seed', 0)):
        value = getattr(args, option)
        if value is not None and value < least:
            raise ValueError(f'--{option}: expected {least} or more, found {value}')
    simulated_robot(args.robot)
    steps = {} if args.steps is None else {'total_steps': args.steps}
    settings = ExpertSettings(args.robot, args.seed, robust=args.robust, **steps)
    wanted = {'walker': args.out} | ({'teacher': args.teacher} if args.teacher else {})
    # Students name their teacher's file: one that exists is never made anew.
    finished = {choice: finished_expert(path, settings) for choice, path in wanted.items()}
    bundles = {choice: bundle for choice, bundle in finished.items() if bundle is not None}
    missing = {choice: path for choice, path in wanted.items() if choice not in bundles}
    console = Console()
    if missing:
        try:
            bundles |= _trained(args, settings, missing, console)
        except KeyboardInterrupt:
            print(f'\n{how_to_resume(args.checkpoints, args.out)}', file=sys.stderr)
            return 130
    for choice, path in wanted.items():
        done = f'wrote {path}' if choice in missing else f'{path} is trained already'
        console.print(f'{done}, the best {choice}', highlight=False)
        console.print(score_table(path.name, bundles[choice].scores))
    if args.json:
        scores = {choice: bundle.scores for choice, bundle in bundles.items()}
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': scores})
    return 0


def _trained(args, settings, missing: dict[str, Path], console) -> dict:
    """Train; returns choice → bundle of those that were missing."""
    import torch

    from liquid_control.cli.progress import reporting
    from liquid_control.sim import simulated_robot
    from liquid_control.training.expert.ppo import train_expert
    from liquid_control.training.expert.publish import publish_expert
    from liquid_control.training.folder import checkpoint_folder

    robot = simulated_robot(args.robot).contract()
    torch.set_num_threads(1)
    with (
        checkpoint_folder(args.checkpoints, args.out) as folder,
        reporting(console, f'expert, {args.robot}') as report,
    ):
        chosen, history = train_expert(settings, folder, report, args.log)
        bundles = {}
        for choice, path in missing.items():
            net, scores = chosen[choice]
            bundles[choice] = publish_expert(path, net, settings, scores, robot, history)
    return bundles
