"""Publish an expert as a bundle, with the scores that the bundle reaches."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.closed_loop import score
from liquid_control.provenance import difference
from liquid_control.sim import simulated_robot
from liquid_control.training.export import export_bundle

if TYPE_CHECKING:
    from liquid_control.training.expert.ppo import ExpertNet, ExpertSettings


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
        judge=lambda draft: {'training': scores, **score(draft, robot)},
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
