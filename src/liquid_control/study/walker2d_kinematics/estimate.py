"""Estimate of the time left in a study, from the runs seen so far."""

import time
from collections.abc import Sequence
from statistics import mean
from typing import Any

from liquid_control.jobs.pool import Live
from liquid_control.study.run import Run


class Estimate:
    """Seconds per gradient step of every kind of run: as measured, or the mean of known kinds."""

    def __init__(self):
        self._known: dict[tuple, float] = {}

    def learn(self, run: Run, result: dict[str, Any]) -> None:
        """Record the time that a finished run took."""
        if result.get('seconds'):
            self._known[_kind(run)] = result['seconds'] / run.recipe.updates

    def left(
        self, waiting: Sequence[Run], live: Sequence[tuple[Run, Live]], workers: int
    ) -> float | None:
        """Seconds until all runs are done; None as long as nothing has been measured."""
        known, shares = dict(self._known), 0.0
        for run, job in live:
            made = job.share - (job.resumed or 0.0)
            if made > 0.02:
                rate = (time.monotonic() - job.started) / (made * run.recipe.updates)
                known.setdefault(_kind(run), rate)
        if not known:
            return None
        other = mean(known.values())

        def seconds(run: Run) -> float:
            return known.get(_kind(run), other) * run.recipe.updates

        shares = sum((1.0 - job.share) * seconds(run) for run, job in live)
        return (shares + sum(map(seconds, waiting))) / workers


def _kind(run: Run) -> tuple:
    """Runs of the same kind take equally long per gradient step."""
    return run.cell, run.recipe.batch, str(sorted(run.model.items()))
