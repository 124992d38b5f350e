"""Our best causal predictor of Walker2d kinematics, of at most 200 thousand parameters."""

from collections.abc import Callable
from typing import Any

from liquid_control.data.walker2d_kinematics import Protocol, Rollouts
from liquid_control.training.run import Run, Shelf

PART, BUDGET = 'best', 200_000


def runs(seeds: int) -> list[Run]:
    """The runs of this part, with seeds 0, 1, …; none yet: the recipe is being sought."""
    return []


def train(
    run: Run,
    rollouts: Rollouts,
    data: Protocol,
    shelf: Shelf,
    report: Callable[[float, str], None],
) -> dict[str, Any]:
    """Train from the training rollouts as one likes, test by the protocol.

    Resumes from ``shelf.checkpoint(run)`` where that is there.

    Returns:
        What :func:`liquid_control.training.prediction.train` returns, ``parameters`` and
        ``test_mse``.
    """
    raise ValueError(f'{run.name}: no recipe yet')
