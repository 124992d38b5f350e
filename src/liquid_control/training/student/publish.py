"""Publish a student as a bundle, with the scores that the bundle reaches."""

import dataclasses
from pathlib import Path
from typing import Any

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.closed_loop import score, teacher_return
from liquid_control.models import PolicyModel, StepModel
from liquid_control.training.export import export_bundle
from liquid_control.training.student.settings import StudentSettings


def publish_student(
    path: Path,
    model: PolicyModel,
    settings: StudentSettings,
    teacher: Bundle,
    robot: Contract,
    history: list[dict[str, Any]],
) -> Bundle:
    """Write a student's bundle, with scores also in percent of its teacher's fault-free return.

    Args:
        path: file to write.
        model: the student.
        settings: settings of its training.
        teacher: its teacher.
        robot: the robot's contract.
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
        trained_elapsed=settings.conditions.elapsed(robot.period_ns),
        judge=lambda draft: score(draft, robot, reference=reference),
        seed=settings.seed,
        teacher_sha256=teacher.sha256,
        history=history,
    )
