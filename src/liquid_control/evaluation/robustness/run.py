"""Carry out a comparison: measure its pieces, keep each, and collect the results."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.cost import policy_figures, step_figures
from liquid_control.evaluation.robustness.outside import HIGH, LOW, PERIOD_MS
from liquid_control.evaluation.robustness.plan import Plan
from liquid_control.evaluation.robustness.results import (
    Measurement,
    RobustnessResults,
    from_row,
)
from liquid_control.jobs import Outcome, Piece, kept, sweep
from liquid_control.jobs.sweep import Show
from liquid_control.provenance import provenance

_STEPS = 500
"""Steps whose median time is the latency of a policy."""
PIECES = 'pieces'
"""Folder of finished pieces in the folder of a comparison."""


def carry_out(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    engine: str = 'local',
    address: str | None = None,
    show: Show = lambda progress: None,
) -> RobustnessResults:
    """Measure all that a plan asks for, but for what the folder has already.

    What fails stands in the results with its error, and is tried again by the next call.

    Args:
        plan: what to measure.
        folder: folder of the comparison; a call with the same one goes on where it was stopped.
        workers: number of local processes.
        engine: ``local`` or ``ray``.
        address: address of a Ray cluster.
        show: called with the progress.

    Raises:
        RuntimeError: the reference was not measured, or Ray is asked for but not installed.
    """
    pieces = plan.pieces()
    for piece in pieces:
        if _failures(kept(folder / PIECES, piece)):
            (folder / PIECES / f'{piece.name}.json').unlink()
    outcomes = sweep(
        pieces, folder / PIECES, workers=workers, engine=engine, address=address, show=show
    )
    return collect(plan, pieces, outcomes)


def reusable(pieces: list[Piece], folder: Path) -> list[str]:
    """Names of the pieces whose results a folder of pieces has, without a failure."""
    found = [(piece.name, kept(folder, piece)) for piece in pieces]
    return [name for name, one in found if one and one['ok'] and not _failures(one)]


def failures(results: RobustnessResults) -> list[str]:
    """What was not measured and why, a line each, the same reasons of a policy together."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in results.measurements:
        if one.error:
            found.setdefault((one.policy, one.error), []).append(one.fault)
    return [
        f'{policy} under {", ".join(dict.fromkeys(faults))}: {error.strip().splitlines()[-1]}'
        for (policy, error), faults in found.items()
    ]


def _failures(outcome: Outcome | None) -> bool:
    """Whether a finished piece has conditions that failed."""
    rows = outcome['result']['measurements'] if outcome and outcome['ok'] else []
    return any(row['error'] for row in rows)


def collect(plan: Plan, pieces: list[Piece], outcomes: dict[str, Outcome]) -> RobustnessResults:
    """Results of a plan from the outcomes of its pieces.

    Raises:
        RuntimeError: nothing says what 100 % is.
    """
    rows = {piece.name: _measurements(piece, outcomes[piece.name]) for piece in pieces}
    reference: list[Measurement] = []
    if plan.expert is not None:
        reference = rows.pop(pieces[0].name)
    measured = tuple(one for some in rows.values() for one in some)
    clean = [one for one in reference or measured if not one.family and not one.error]
    if not clean:
        wrong = next((one.error for one in reference or measured if one.error), 'nothing to do')
        raise RuntimeError(f'the return that is 100 % could not be measured: {wrong}')
    best = max(clean, key=lambda one: float(np.mean(one.returns)))
    return RobustnessResults(
        benchmark=plan.benchmark,
        robot=plan.robot.robot,
        reference={
            'name': plan.expert.name if plan.expert else best.policy,
            'sha256': best.bundle,
            'return': float(np.mean(best.returns)),
        },
        seed=plan.seed,
        policies=tuple(one.facts(_figures(one.bundles[0])) for one in plan.contenders),
        families=plan.families,
        measurements=measured,
        provenance=provenance(contract_sha256=plan.robot.hash, episodes=plan.episodes),
    )


def _figures(bundle: Bundle) -> dict[str, float]:
    """What a policy costs, see :func:`policy_figures`, the median time of a step, and the elapsed
    times of its training, if it says."""
    runner, taken = PolicyRunner(bundle), []
    observation = np.zeros(runner.contract.sensed_size, dtype=np.float32)
    for _ in range(_STEPS):
        started = time.perf_counter()
        runner.step(observation, 1.0)
        taken.append(time.perf_counter() - started)
    try:
        figures = policy_figures(bundle)
    except RuntimeError:  # its memory cannot be measured here
        figures = step_figures(bundle)
    if bundle.trained_elapsed is not None:
        low, high = bundle.trained_elapsed
        figures |= {LOW: low, HIGH: high, PERIOD_MS: 1e3 / bundle.contract.rate}
    return {**figures, 'latency_us_p50': 1e6 * float(np.median(taken))}


def _measurements(piece: Piece, outcome: Outcome) -> list[Measurement]:
    """The measurements of a piece; those of one that failed have its error."""
    if outcome['ok']:
        return [from_row(Measurement, row) for row in outcome['result']['measurements']]
    arguments: dict[str, Any] = piece.arguments
    sha256 = piece.inputs.split()[0]
    return [
        Measurement(
            arguments['policy'], sha256, family, level, fault, arguments['elapsed'],
            error=outcome['error'],
        )
        for family, level, fault in arguments['conditions']
    ]  # fmt: skip
