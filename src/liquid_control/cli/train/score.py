"""``train score``: the returns of a policy in simulation under every fault."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from liquid_control import paths
from liquid_control.cli.arguments import (
    add_faults_argument,
    add_json_argument,
    add_simulated_argument,
)
from liquid_control.report.tables import Figure, new_table

if TYPE_CHECKING:
    from liquid_control.control.contract import Contract


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('policy', help='a policy of the robot by name, or the path of its file')
    parser.add_argument('--teacher',
                        help='bundle of its teacher: a name or a path (expert)')  # fmt: skip
    add_simulated_argument(parser, contract=True)
    add_faults_argument(parser, 'only these faults (those of --suite)')
    parser.add_argument('--suite', metavar='NAME',
                        help='the faults of this suite (scores)')  # fmt: skip
    parser.add_argument('--episodes', type=int, help='episodes per fault (50)')
    parser.add_argument('--seed', type=int, help='seed of the first episode (500000)')
    parser.add_argument('--out', type=Path, metavar='FILE',
                        help='write the same policy with these scores (.onnx)')  # fmt: skip
    add_json_argument(parser, 'write the scores to a file')


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.cli.arguments import check_bundle_path
    from liquid_control.cli.progress import reporting
    from liquid_control.control.bundle import Bundle
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.closed_loop import EPISODES, SEED, score, teacher_return
    from liquid_control.evaluation.episodes import require_faults
    from liquid_control.evaluation.seeds import rescored
    from liquid_control.evaluation.suite import SCORES, suite
    from liquid_control.provenance import provenance, write_json
    from liquid_control.sim import robot_of, simulated_contract

    episodes = EPISODES if args.episodes is None else args.episodes
    seed = SEED if args.seed is None else args.seed
    for option, found, least in (('episodes', episodes, 1), ('seed', seed, 0)):
        if found < least:
            raise ValueError(f'--{option}: expected {least} or more, found {found}')
    if args.out:
        check_bundle_path('--out', args.out)
    if args.fault and args.suite:
        raise ValueError('--suite: expected no --fault with it')
    robot = Contract.load(simulated_contract(args.robot))
    faults = args.fault or _fitting((suite(args.suite) if args.suite else SCORES).faults, robot)
    require_faults(robot, faults)
    bundle = Bundle.read(paths.policy(args.policy, robot_of(robot).name))
    taught = bundle.provenance.get('teacher_sha256')
    if args.teacher and not taught:
        raise ValueError(
            f'--teacher: expected none, as {args.policy} has none; found {args.teacher}'
        )
    if args.out:
        _check_replaced(args.out, bundle)
        chosen = next((name for name in ('fault', 'suite') if getattr(args, name)), None)
        _check_mixed(faults, bundle, episodes, seed, f', or no --{chosen}' if chosen else '')
    _check_robot(args.policy, bundle.contract, robot)
    _check_std(args.policy, bundle.contract, robot)
    console = Console()
    with reporting(console, 'scoring') as report:
        reference = None
        if taught:
            report(0.0, 'its teacher')
            path = paths.policy(args.teacher or paths.EXPERT, robot.robot)
            teacher = Bundle.read(path)
            if teacher.sha256 != taught:
                raise ValueError(
                    f'--teacher: the teacher of {args.policy} has sha256 {taught[:12]}, '
                    f'found {teacher.sha256[:12]} ({path})'
                )
            reference = teacher_return(teacher, robot, episodes, seed)
        scores = score(bundle, robot, faults, episodes, seed, reference=reference, report=report)
    console.print(score_table(args.policy, scores))
    if args.json:
        about = provenance(seed=seed, policy_sha256=bundle.sha256)
        write_json(args.json, {'format': 1, 'provenance': about, 'scores': scores})
    if args.out:
        kept = {name: value for name, value in bundle.scores.items() if name != 'seeds'}
        rescored(bundle, args.out, {**kept, **scores})
        print(f'wrote {args.out}')
    return 0


def _check_replaced(out: Path, bundle) -> None:
    """Refuse to replace another bundle, or one that others may name by its hash."""
    if not out.exists():
        return
    if not out.samefile(bundle.path):
        raise FileExistsError(f'--out {out}: exists already, and is not the policy that is scored')
    if 'teacher_sha256' not in bundle.provenance:
        raise FileExistsError(
            f'--out {out}: exists already, and is no student: if it has students, they name it by '
            'the hash of its file, which would change'
        )


def _check_mixed(faults, bundle, episodes: int, seed: int, otherwise: str) -> None:
    """Refuse to write scores over these episodes beside kept ones over others.

    Args:
        otherwise: another way out, for the message.
    """
    for fault, score in bundle.scores.items():
        measured = score.get('episodes'), score.get('seed')
        if 'falls' in score and fault not in faults and measured != (episodes, seed):
            raise ValueError(
                f'--out: the scores of {bundle.path} that would stay, such as {fault}, are over '
                f'{measured[0]} episodes from seed {measured[1]}, these would be over {episodes} '
                f'from {seed}: give --episodes and --seed alike{otherwise}'
            )


def _check_robot(policy: str, asked, robot) -> None:
    """Refuse a robot that the policy does not fit, and name the one that it is for."""
    if asked.robot != robot.robot:
        known = asked.robot in paths.robots()
        raise ValueError(
            f'{policy}: expected a policy for {robot.robot}, found one for {asked.robot}: '
            f'give {f"--robot {asked.robot}" if known else "its contract with --robot"}'
        )
    asked.require_fit(robot, policy)


def _check_std(policy: str, asked, robot) -> None:
    """Refuse a robot whose noise is of another size than that of the policy's training."""
    for mine, theirs in zip(asked.sensed, asked.on(robot).sensed, strict=True):
        if mine.std != theirs.std:
            raise ValueError(
                f'{policy}: {mine.name}: std: the policy has {mine.std}, {robot.source} has '
                f'{theirs.std}: noise would be of another size; give its --robot'
            )


def score_table(name: str, scores: dict[str, dict]):
    """The closed-loop scores of a bundle as a table; what else it has is left out."""
    scores = {fault: score for fault, score in scores.items() if 'falls' in score}
    first = next(iter(scores.values()))
    columns = {'return': _interval('return'), 'percent': _interval('% of teacher')}
    if 'percent' not in first:
        del columns['percent']
    table = new_table(
        'fault', *columns.values(), Figure('worst return', '.0f'), Figure('falls', 'd'),
        Figure('error / persist.', '.3f'), title=f'{name}, episodes: {first["episodes"]}',
    )  # fmt: skip
    for fault, score in scores.items():
        row = [_with_interval(score, name) for name in columns]
        table.add_row(fault, *row, score['return_min'], score['falls'], score['prediction_ratio'])
    return table


def _interval(heading: str) -> Figure:
    return Figure(heading, '.0f', ('mean', 'low', 'high'), '{} [{}, {}]', True)


def _with_interval(score: dict, name: str) -> tuple:
    """A mean with the bounds of its interval, None where it has none."""
    mean = score['return_mean' if name == 'return' else name]
    return mean, score.get(f'{name}_low'), score.get(f'{name}_high')


def _fitting(faults: Sequence[str], robot: 'Contract') -> tuple[str, ...]:
    """The faults of a suite that a robot can have; print which others are left out, and why."""
    from liquid_control.evaluation.episodes import require_faults
    from liquid_control.faults import FaultError

    kept = []
    for fault in faults:
        try:
            require_faults(robot, [fault])
        except FaultError as error:
            print(f'left out: {fault}: {error}', file=sys.stderr)
        else:
            kept.append(fault)
    return tuple(kept)
