"""Replay one recording with all requested policies and faults, and summarise many."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from liquid_control import paths
from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.coverage import bag_facts, coverage
from liquid_control.bags.names import check_renamed
from liquid_control.bags.storage.files import find
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.runs import read_run
from liquid_control.replay.evaluator import Evaluator
from liquid_control.replay.passes import union
from liquid_control.replay.results import replay_policies

_SHARE = 0.1
"""Least share of the observations that must be used, and of the predictions that must be scored,
for a replay to say something."""

_UNEVEN = 'observations do not come a nominal period after the one before'


def replay_recording(
    recording: str,
    *,
    robot: str | None = None,
    policies: list[str] | None = None,
    observed: dict[str, str] | None = None,
    faults: list[str] | None = None,
    seed: int = 0,
    horizon: int = 50,
    draw: Callable[[Sequence[Evaluator], int], list[dict[str, str]]] | None = None,
    distro: str | None = None,
    msgs: str | None = None,
) -> dict[str, Any]:
    """Replay policies over one recording, clean and with each of the faults.

    Args:
        recording: a run folder, a bag folder or a bag file.
        robot: contract, as a name or path; by default that of the run.
        policies: bundles, as names or paths; by default the one that was recorded.
        observed: contract topic → topic in the bag, in addition to what the run says.
        faults: faults as text; each adds one more replay.
        seed: seed of the faults.
        horizon: number of steps that each policy predicts ahead on its own predictions.
        draw: draws plots of the clean replay from its evaluators and its first stamp.
        distro: ROS 2 distribution for types that the bag does not define; by default as
            :class:`Bag` says.
        msgs: folder of ``.msg`` files with types that the bag does not define.

    Raises:
        BagError, BundleError, ContractError, FaultError: as :func:`replay_policies`.
        ValueError: the robot or the policy is not known.
    """
    folder = Path(recording)
    if not folder.exists():
        raise BagError(f'{folder}: no such folder or file')
    find(folder)  # before anything is asked of it
    run, contract = _recorded(folder, robot)
    check_renamed(observed or {}, contract)
    bag = Bag(folder, distro, msgs)
    files = _chosen(folder, run, contract, robot, policies)
    topics = {**run.get('observed', {}), **(observed or {})}
    runners = [PolicyRunner(path) for path in files]
    asked = union([runner.contract for runner in runners], contract)
    seen = coverage(bag, asked, topics, whole=False)
    scores, passes, plots = [], [], []

    def keep(evaluators: Sequence[Evaluator], first: int) -> None:
        if draw is not None:
            plots.extend(draw(evaluators, first))

    for fault in dict.fromkeys(['none', *(faults or [])]):
        results, figures = replay_policies(
            bag, runners, contract, topics, fault=fault, seed=seed, horizon=horizon,
            show=keep if fault == 'none' else None,
        )  # fmt: skip
        scores.extend(results)
        passes.append({'fault': fault, **figures})
    _tell_apart(scores)
    problems = [bag.damage] if bag.damage else []
    if seen['contract']['too_slow']:
        problems.append(seen['contract']['too_slow'])
    if passes[0]['not_compared'] and any(score['drives'] for score in scores):
        problems.append(f'commands not compared, because {passes[0]["not_compared"]}')
    why = '; '.join([*problems, *_unjudged(scores)])
    return {
        'complete': not why,
        'why': why,
        'recording': str(folder),
        'coverage': {**seen, 'bag': bag_facts(bag)},
        'contract_sha256': contract.hash,
        'recorded': run,
        'passes': passes,
        'policies': scores,
        'plots': plots,
    }


def bundles(recording: Path, robot: str | None, policies: list[str] | None) -> list[Path]:
    """Files of the policies to which a recording is replayed.

    Arguments are those of :func:`replay_recording`.

    Raises:
        ContractError: the robot's contract cannot be read.
        ValueError: there is no such policy, or it is not known which.
    """
    run, contract = _recorded(recording, robot)
    return _chosen(recording, run, contract, robot, policies)


def _chosen(
    folder: Path,
    run: dict[str, Any],
    contract: Contract,
    robot: str | None,
    policies: list[str] | None,
) -> list[Path]:
    """Files of the requested policies, or of the recorded one."""
    files = [
        Path(p) if Path(p).is_file() else paths.policy(p, robot or contract.robot)
        for p in policies or _recorded_policy(run, folder, contract.robot)
    ]
    return list({file.resolve(): file for file in files}.values())


def _recorded(folder: Path, robot: str | None) -> tuple[dict[str, Any], Contract]:
    """Return the recorded run's ``run.json`` content, if any, and the contract."""
    home = folder.parent if folder.name == 'bag' else folder
    run = read_run(home) if (home / 'run.json').is_file() else {}
    if robot:
        return run, Contract.load(paths.robot(robot))
    if not run.get('contract'):
        raise ValueError(f'{folder} has no run.json that names a robot: give --robot')
    return run, Contract.from_dict(run['contract'], f'{folder}: the contract in run.json')


def _tell_apart(scores: list[dict[str, Any]]) -> None:
    """Append the start of their hash to policies that share a name."""
    hashes: dict[str, set[str]] = {}
    for score in scores:
        hashes.setdefault(score['policy'], set()).add(score['bundle_sha256'])
    for score in scores:
        if len(hashes[score['policy']]) > 1:
            score['policy'] += f' {score["bundle_sha256"][:8]}'


def _unjudged(scores: list[dict[str, Any]]) -> Iterator[str]:
    """Say which policies the recording could not judge: those must not be trusted."""
    for score in scores:
        who = f'{score["policy"]}, {score["fault"]}'
        scored, used = score['prediction_scored'], score['used']
        if not scored:
            some = used < score['observations']
            why = _mostly(score) if some else f'all: {_UNEVEN}'
            yield (
                f'{who}: no prediction could be scored ({used} of '
                f'{score["observations"]} observations were used; {why})'
            )
        elif score['fault'] == 'none' and used < _SHARE * (
            score['observations'] - score['reasons'].get('surplus', 0)
        ):
            yield (
                f'{who}: only {used} of {score["observations"]} observations were used '
                f'({_mostly(score)})'
            )
        elif score['fault'] == 'none' and scored < _SHARE * used:
            yield (
                f'{who}: only {scored} of {used} predictions could be scored: most {_UNEVEN}; does '
                'the rate of the contract fit?'
            )
        elif score['alarm'] and not score['alarm']['watched_s']:
            yield f'{who}: its alarm watched nothing: no stretch is as long as its window'


def _mostly(score: dict[str, Any]) -> str:
    """Why most of the unused observations were not used."""
    reasons = {
        'no command answers them': score['observations'] - score['steps'],
        **{name.replace('_', ' '): count for name, count in score['reasons'].items()},
    }
    why, count = max(reasons.items(), key=lambda item: item[1])
    return f'{count}: {why}'


def fingerprint(*files: str | Path) -> str:
    """Names, sizes and times of files, or of all files in folders: changes if they are rewritten.

    Reports and partial files are left out.
    """
    parts = []
    for file in map(Path, files):
        inside = sorted(file.rglob('*')) if file.is_dir() else [file]
        for path in inside:
            if path.is_file() and path.suffix not in ('.html', '.partial'):
                about = path.stat()
                parts.append(f'{path}:{about.st_size}:{about.st_mtime_ns}')
    return '|'.join(parts)


def summary(outcomes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Summarise a fleet's replays, policy by policy and fault by fault."""
    policies: dict[str, dict[str, Any]] = {}
    by_name = {n: (o.get('result') or {}).get('policies', []) for n, o in outcomes.items()}
    _tell_apart([score for scores in by_name.values() for score in scores])
    for name, scores in by_name.items():
        for score in scores:
            key = f'{score["policy"]} · {score["fault"]}'
            row = policies.setdefault(
                key, {'recordings': 0, 'observations': 0, 'steps': 0, 'used': 0,
                      'watched_s': 0.0, 'ratios': [], 'alarms': 0, 'alarmed': []}
            )  # fmt: skip
            row['recordings'] += 1
            row['observations'] += score['observations']
            row['steps'] += score['steps']
            row['used'] += score['used']
            row['watched_s'] += (score['alarm'] or {}).get('watched_s', 0.0)
            if score['prediction_ratio'] is not None:
                row['ratios'].append(score['prediction_ratio'])
            events = (score['alarm'] or {}).get('events', ())
            row['alarms'] += len(events)
            if events:
                row['alarmed'].append(name)
    for row in policies.values():
        ratios = sorted(row.pop('ratios'))
        row['prediction_ratio_median'] = median(ratios) if ratios else None
        row['prediction_ratio_worst'] = ratios[-1] if ratios else None
    return {
        'recordings': len(outcomes),
        'failed': {n: o['error'] for n, o in outcomes.items() if not o['ok']},
        'damaged': {
            n: o['result']['why'] for n, o in outcomes.items() if o['ok'] and o['result']['why']
        },
        'left_out': {
            n: sum(count for *_, count in o['result']['coverage']['bag']['left_out'])
            for n, o in outcomes.items()
            if o['ok'] and o['result']['coverage']['bag']['left_out']
        },
        'policies': policies,
    }


def _recorded_policy(run: dict[str, Any], folder: Path, robot: str) -> list[str]:
    """The recorded policy, if its file, or the shipped one of its name, has the same content."""
    bundle = run.get('bundle', {})
    path = Path(bundle.get('path', ''))
    if not run.get('policy'):
        raise ValueError(f'{folder} has no run.json that names a policy: give --policy')
    try:
        if not path.is_file():  # recorded on another machine
            path = paths.policy(path.stem, robot)
        same = Bundle.read(path).sha256 == bundle.get('sha256')
    except (ValueError, OSError) as error:
        raise ValueError(f'the recorded policy: {error}; give --policy') from None
    if not same:
        raise ValueError(
            f'{path} is not the recorded policy, whose SHA-256 is '
            f'{bundle.get("sha256")}; give --policy'
        )
    return [str(path)]
