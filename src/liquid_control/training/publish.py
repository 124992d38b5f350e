"""What is trained becomes a bundle, with the scores that it reaches as one."""

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
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
    """Write the expert's bundle."""
    contract = robot.asking('joint_position', 'joint_velocity')
    described = {'network': 'mlp', 'prediction': 'persistence', **dataclasses.asdict(settings)}
    common = {
        'cell': 'mlp',
        'settings': described,
        'contract': contract,
        'state_size': 1,
        'seed': settings.seed,
    }
    return _judged(path, net, robot, {'training': scores}, common)


def publish_student(
    path: Path,
    model: PolicyModel,
    settings: ImitationSettings,
    teacher: Path,
    robot: Contract,
) -> Bundle:
    """Write a student's bundle."""
    common = {
        'cell': settings.cell,
        'settings': {'model': model.settings.to_dict(), 'training': dataclasses.asdict(settings)},
        'contract': model.contract,
        'state_size': model.cell.state_size,
        'seed': settings.seed,
        'teacher_sha256': Bundle.read(teacher).sha256,
    }
    return _judged(path, StepModel(model).eval(), robot, {}, common)


def _judged(path: Path, model: Any, robot: Contract, scores: dict, common: dict) -> Bundle:
    """Export, let the bundle itself walk, and write it with what it reached."""
    with tempfile.TemporaryDirectory() as folder:
        draft = export_bundle(Path(folder) / path.name, model, scores={}, **common)
        scores = {**scores, **closed_loop_scores(draft, robot)}
    return export_bundle(path, model, scores=scores, **common)


def closed_loop_scores(bundle: Bundle, robot: Contract) -> dict[str, dict]:
    """Returns of a bundle in process, fault by fault, over 20 fresh episodes."""
    scores = {}
    for fault in CONDITIONS:
        controller = Controller(PolicyRunner(bundle), robot)
        walks = run_episodes(controller, robot, parse(fault), _EPISODES, _SEED)
        returns = np.array([walk.total for walk in walks])
        scores[fault] = {
            'return_mean': round(float(returns.mean()), 1),
            'return_min': round(float(returns.min()), 1),
            'falls': sum(walk.terminated for walk in walks),
            'episodes': _EPISODES,
            'seed': _SEED,
        }
    return scores
