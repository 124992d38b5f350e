"""``liquid-control train``: an expert, a recurrent policy, or a predictor of a bag, as a bundle."""

import argparse
import tempfile
from pathlib import Path

from liquid_control.verbs import train_predictor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest='kind', metavar='WHAT', required=True)
    expert = kinds.add_parser('expert', help='PPO on all 17 observations of Walker2d')
    expert.add_argument('--steps', type=int, default=4_500_000, help='environment steps (4500000)')
    policy = kinds.add_parser('policy', help='a recurrent student, from positions alone')
    policy.add_argument('--cell', required=True, help='recurrent cell: cfc, lstm')
    policy.add_argument('--teacher', default='expert', help='bundle: a name or a path (expert)')
    policy.add_argument('--rounds', type=int, default=900, help='rounds of DAgger (900)')
    policy.add_argument(
        '--learning-rate', type=float, default=0.002, help='of Adam at its highest (0.002)'
    )
    policy.add_argument('--updates', type=int, default=4, help='gradient steps a round (4)')
    predictor = kinds.add_parser('predictor', help='the next observation alone, from any bag')
    train_predictor.add_arguments(predictor)
    predictor.add_argument('--robot', required=True, help='contract: a name or a path')
    for kind in (expert, policy):
        kind.add_argument('--robot', default='walker2d', help='contract: a name or a path')
    for kind in (expert, policy, predictor):
        kind.add_argument('--seed', type=int, default=0, help='of everything random (0)')
        kind.add_argument('--out', type=Path, required=True, help='bundle to write (.onnx)')
        kind.add_argument('--checkpoints', type=Path, help='folder for the best weights so far')
        kind.add_argument('--json', type=Path, metavar='FILE', help='write the scores here too')


def main(args: argparse.Namespace) -> int:
    import torch
    from rich.console import Console

    from liquid_control.provenance import provenance, write_json
    from liquid_control.verbs.progress import reporting

    _check(args)
    torch.set_num_threads(1)
    console = Console()
    temporary = tempfile.TemporaryDirectory()
    folder = args.checkpoints or Path(temporary.name)
    title, train = {
        'expert': ('expert', _expert),
        'policy': (getattr(args, 'cell', ''), _policy),
        'predictor': (getattr(args, 'cell', ''), train_predictor.train),
    }[args.kind]
    if args.kind == 'predictor':  # goes on from there where it was interrupted
        folder = args.checkpoints or args.out.with_suffix('.checkpoints')
    with temporary, reporting(console, title) as report:
        bundle = train(args, folder, report)
    console.print(f'wrote {args.out}: {bundle.counts["parameters"]} parameters', highlight=False)
    for name, score in bundle.scores.items():
        shown = {k: v for k, v in score.items() if not isinstance(v, list)}
        console.print(f'{name}: {shown}', highlight=False)
    if args.json:
        about = provenance(seed=args.seed)
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': bundle.scores})
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.out.suffix != '.onnx':
        raise ValueError(f'--out: expected a file named .onnx, found {args.out}')
    length = {'expert': 'steps', 'policy': 'rounds', 'predictor': 'updates'}[args.kind]
    for name, least in ((length, 1), ('seed', 0)):
        if getattr(args, name) < least:
            raise ValueError(f'--{name}: expected {least} or more, found {getattr(args, name)}')
    if args.kind == 'predictor':
        train_predictor.check(args)
    if args.kind == 'policy' and not 0.0 < args.learning_rate < 1.0:
        raise ValueError(
            f'--learning-rate: expected a number between 0 and 1, found {args.learning_rate}'
        )


def _expert(args, folder, report):
    from liquid_control.training.expert import ExpertSettings, train_expert
    from liquid_control.training.publish import publish_expert

    settings = ExpertSettings(seed=args.seed, total_steps=args.steps)
    net, scores = train_expert(settings, folder, report)
    return publish_expert(args.out, net, settings, scores, _robot(args))


def _policy(args, folder, report):
    from liquid_control import paths
    from liquid_control.training.imitation import ImitationSettings, train_student
    from liquid_control.training.publish import publish_student

    settings = ImitationSettings(
        cell=args.cell,
        seed=args.seed,
        rounds=args.rounds,
        updates=args.updates,
        learning_rate=args.learning_rate,
    )
    teacher = paths.policy(args.teacher, args.robot)
    model = train_student(settings, _robot(args), teacher, folder, report)
    return publish_student(args.out, model, settings, teacher, _robot(args))


def _robot(args):
    from liquid_control import paths
    from liquid_control.control.contract import Contract

    return Contract.load(paths.robot(args.robot))
