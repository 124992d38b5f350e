"""Publish trained models as bundles, with the scores that the bundles reach."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.models import PolicyModel, StepModel
from liquid_control.provenance import difference
from liquid_control.sim import simulated_robot
from liquid_control.training.export import export_bundle
from liquid_control.training.score import closed_loop_scores, teacher_return
from liquid_control.training.settings import StudentSettings

if TYPE_CHECKING:
    from liquid_control.training.expert import ExpertNet, ExpertSettings


def publish_expert(
    path: Path,
    net: 'ExpertNet',
    settings: 'ExpertSettings',
    scores: dict,
    robot: Contract,
    history: list[dict[str, Any]],
) -> Bundle:
    """Write the expert's bundle. It has no memory and predicts nothing, as its settings say.

    Args:
        scores: what it was chosen by, kept under ``training``.
        robot: contract of the robot.
        history: where it was trained, see :func:`provenance.continued`.
    """
    return export_bundle(
        path,
        net,
        cell='mlp',
        settings=_about(settings),
        contract=robot.asking(*simulated_robot(settings.environment).teacher_terms),
        state_size=1,
        trained_elapsed=(1.0, 1.0),
        judge=lambda draft: {'training': scores, **closed_loop_scores(draft, robot)},
        seed=settings.seed,
        history=history,
    )


def finished_expert(path: Path, settings: 'ExpertSettings') -> Bundle | None:
    """The bundle of an expert that was trained with these settings; None if there is no file.

    Raises:
        ValueError: the file is something else.
    """
    if not path.is_file():
        return None
    bundle, wanted = Bundle.read(path), _about(settings)
    if bundle.settings != wanted:
        raise ValueError(
            f'{path} is something else ({difference(bundle.settings, wanted)}): give another file'
        )
    return bundle


def _about(settings: 'ExpertSettings') -> dict[str, Any]:
    return {'network': 'mlp', 'prediction': 'persistence', **dataclasses.asdict(settings)}


def publish_student(
    path: Path,
    model: PolicyModel,
    settings: StudentSettings,
    teacher: Path,
    robot: Contract,
    history: list[dict[str, Any]],
) -> Bundle:
    """Write a student's bundle, with scores also in percent of its teacher's fault-free return.

    Args:
        history: where it was trained, see :func:`provenance.continued`.
    """
    reference = teacher_return(teacher, robot)
    return export_bundle(
        path,
        StepModel(model).eval(),
        cell=settings.cell,
        settings={'model': model.settings.to_dict(), 'training': dataclasses.asdict(settings)},
        contract=model.contract,
        state_size=model.state_size,
        trained_elapsed=settings.conditions.elapsed(),
        judge=lambda draft: closed_loop_scores(draft, robot, reference),
        seed=settings.seed,
        teacher_sha256=Bundle.read(teacher).sha256,
        history=history,
    )
