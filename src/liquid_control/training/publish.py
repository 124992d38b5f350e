"""What is trained becomes a bundle, with the scores that it reaches as one."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.evaluation.metrics import figures
from liquid_control.faults import parse
from liquid_control.models import PolicyModel, StepModel
from liquid_control.training.export import export_bundle
from liquid_control.training.imitation import ImitationSettings

if TYPE_CHECKING:
    from liquid_control.training.expert import ExpertNet, ExpertSettings

CONDITIONS = ('none', 'gaussian:0.1', 'dropped:0.1')
_EPISODES, _SEED = 20, 1000


def publish_expert(
    path: Path, net: 'ExpertNet', settings: 'ExpertSettings', scores: dict, robot: Contract
) -> Bundle:
    """Write the expert's bundle. It remembers and predicts nothing, and its settings say so."""
    return export_bundle(
        path,
        net,
        cell='mlp',
        settings={'network': 'mlp', 'prediction': 'persistence', **dataclasses.asdict(settings)},
        contract=robot.asking('joint_position', 'joint_velocity'),
        state_size=1,
        judge=lambda draft: {'training': scores, **closed_loop_scores(draft, robot)},
        seed=settings.seed,
    )


def publish_student(
    path: Path,
    model: PolicyModel,
    settings: ImitationSettings,
    teacher: Path,
    robot: Contract,
) -> Bundle:
    """Write a student's bundle."""
    return export_bundle(
        path,
        StepModel(model).eval(),
        cell=settings.cell,
        settings={'model': model.settings.to_dict(), 'training': dataclasses.asdict(settings)},
        contract=model.contract,
        state_size=model.cell.state_size,
        judge=lambda draft: closed_loop_scores(draft, robot),
        seed=settings.seed,
        teacher_sha256=Bundle.read(teacher).sha256,
    )


def closed_loop_scores(bundle: Bundle, robot: Contract) -> dict[str, dict]:
    """Returns of a bundle in process, fault by fault, over 20 fresh episodes.

    ``prediction_ratio`` is the error of its predictions as a share of that of persistence.
    """
    scores = {}
    for fault in CONDITIONS:
        controller = Controller(PolicyRunner(bundle), robot)
        walks = run_episodes(controller, robot, parse(fault), _EPISODES, _SEED)
        returns = np.array([walk.total for walk in walks])
        ratio = figures(bundle.contract, [walk.trace for walk in walks])['prediction_ratio']
        scores[fault] = {
            'return_mean': round(float(returns.mean()), 1),
            'return_min': round(float(returns.min()), 1),
            'falls': sum(walk.terminated for walk in walks),
            'prediction_ratio': None if ratio is None else round(ratio, 4),
            'episodes': _EPISODES,
            'seed': _SEED,
        }
    return scores
