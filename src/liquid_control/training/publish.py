"""Publish trained models as bundles, with the scores that the bundles reach."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from liquid_control.control.bundle import PREFIX, Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.evaluation.metrics import figures
from liquid_control.evaluation.statistics import interval
from liquid_control.faults import parse
from liquid_control.models import PolicyModel, StepModel
from liquid_control.sim import environment as environments
from liquid_control.sim.batch import batch_episodes
from liquid_control.training.export import export_bundle
from liquid_control.training.judge import CONDITIONS
from liquid_control.training.settings import StudentSettings
from liquid_control.training.teacher import Teacher

if TYPE_CHECKING:
    from liquid_control.training.expert import ExpertNet, ExpertSettings

_EPISODES, _SEED = 20, 1000


def publish_expert(
    path: Path,
    net: 'ExpertNet',
    settings: 'ExpertSettings',
    scores: dict,
    contract: Contract,
    robot: Contract | None,
) -> Bundle:
    """Write the expert's bundle. It has no memory and predicts nothing, as its settings say.

    Args:
        scores: what it was chosen by, kept under ``training``.
        contract: contract of the expert.
        robot: contract of the robot on which the bundle is scored; None to score it in its
            environment, without faults.
    """

    def judge(draft: Bundle) -> dict:
        if robot is not None:
            return {'training': scores, **closed_loop_scores(draft, robot)}
        environment = environments.environment(settings.environment)
        return {'training': scores, 'none': environment_score(draft, environment)}

    return export_bundle(
        path,
        net,
        cell='mlp',
        settings={'network': 'mlp', 'prediction': 'persistence', **dataclasses.asdict(settings)},
        contract=contract,
        state_size=1,
        judge=judge,
        seed=settings.seed,
    )


def publish_student(
    path: Path,
    model: PolicyModel,
    settings: StudentSettings,
    teacher: Path,
    robot: Contract,
) -> Bundle:
    """Write a student's bundle, with scores also in percent of its teacher's fault-free return."""
    reference = teacher_return(teacher, robot)
    return export_bundle(
        path,
        StepModel(model).eval(),
        cell=settings.cell,
        settings={'model': model.settings.to_dict(), 'training': dataclasses.asdict(settings)},
        contract=model.contract,
        state_size=model.state_size,
        judge=lambda draft: closed_loop_scores(draft, robot, reference),
        seed=settings.seed,
        teacher_sha256=Bundle.read(teacher).sha256,
    )


def teacher_return(teacher: Path, robot: Contract) -> float:
    """Mean return of a teacher without faults, over the episodes on which students are scored."""
    controller = Controller(PolicyRunner(teacher), robot)
    walks = run_episodes(controller, robot, (), _EPISODES, _SEED)
    return float(np.mean([walk.total for walk in walks]))


def closed_loop_scores(
    bundle: Bundle, robot: Contract, reference: float | None = None
) -> dict[str, dict]:
    """In-process returns of a bundle under each fault, over 20 fresh episodes.

    ``prediction_ratio`` is the error of its predictions as a share of that of persistence;
    ``percent`` is the mean return in percent of ``reference``, if given.
    """
    scores = {}
    for fault in CONDITIONS:
        controller = Controller(PolicyRunner(bundle), robot)
        walks = run_episodes(controller, robot, parse(fault), _EPISODES, _SEED)
        returns = np.array([walk.total for walk in walks])
        ratio = figures(bundle.contract, [walk.trace for walk in walks])['prediction_ratio']
        scores[fault] = _score(returns, sum(walk.terminated for walk in walks), ratio)
        if reference:
            scores[fault]['percent'] = round(100.0 * float(returns.mean()) / reference, 1)
            scores[fault]['teacher_return'] = round(reference, 1)
    return scores


def environment_score(bundle: Bundle, environment: environments.Environment) -> dict[str, Any]:
    """As one of :func:`closed_loop_scores`, for an expert in its environment without faults."""
    teacher = Teacher(bundle, _EPISODES)
    returns, fallen = batch_episodes(teacher, _EPISODES, _SEED, environment)
    return _score(returns, int(fallen.sum()), None)


def _score(returns: np.ndarray, falls: int, ratio: float | None) -> dict[str, Any]:
    return {
        'return_mean': round(float(returns.mean()), 1),
        'return_min': round(float(returns.min()), 1),
        'return_std': round(float(returns.std(ddof=1)), 1),
        'falls': falls,
        'prediction_ratio': None if ratio is None else round(ratio, 4),
        'episodes': _EPISODES,
        'seed': _SEED,
    }


def overall(bundle: Bundle) -> float:
    """The criterion for the best of several seeds: the mean return over all conditions."""
    return float(np.mean([bundle.scores[fault]['return_mean'] for fault in CONDITIONS]))


def seed_scores(bundles: list[Bundle]) -> dict[str, Any]:
    """The scores of several seeds of one training, with 95 % intervals over the seeds."""
    found: dict[str, Any] = {'seeds': [bundle.provenance['seed'] for bundle in bundles]}
    for fault in CONDITIONS:
        found[fault] = {}
        for name in ('percent', 'return_mean', 'prediction_ratio'):
            values = [bundle.scores[fault].get(name) for bundle in bundles]
            if None in values:
                continue
            mean, low, high = (round(float(x), 4) for x in interval(values))
            spread = {} if len(values) < 2 else {'low': low, 'high': high}
            found[fault][name] = {'values': values, 'mean': mean, **spread}
    return found


def rescored(bundle: Bundle, path: Path, scores: dict[str, Any]) -> Bundle:
    """Write the same policy with new scores."""
    model = onnx.load_model_from_string(bundle.graph)
    rest = [(p.key, p.value) for p in model.metadata_props if not p.key.startswith(PREFIX)]
    del model.metadata_props[:]
    for key, value in rest:
        model.metadata_props.add(key=key, value=value)
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = json.loads(json.dumps(scores))
    return dataclasses.replace(bundle, scores=scores).write(path, model.SerializeToString())
