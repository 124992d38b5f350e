"""One piece of a comparison: a policy's bundle under a few conditions."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.batch.measure import measure_all
from liquid_control.evaluation.closed_loop import Results
from liquid_control.evaluation.robustness.results import Measurement
from liquid_control.jobs import Report

_KEPT = ('returns', 'steps', 'fallen', 'stopped', 'errors', 'persistence')


def measure_conditions(
    policy: str,
    bundle: str,
    robot: str,
    conditions: list[list[Any]],
    episodes: int,
    seed: int,
    elapsed: str,
    thin: bool,
    report: Report,
) -> dict[str, Any]:
    """Measure a policy under some conditions; the arguments are plain JSON.

    If one of them fails, such as a world that leaves the finite numbers, each is measured by
    itself, so that only that one is lost.

    Args:
        policy: name of the policy.
        bundle: path of its bundle.
        robot: path of the robot's contract.
        conditions: family, level and fault of each.
        episodes: episodes under each.
        seed: seed of the first episode.
        elapsed: ``measured`` or ``nominal``.
        thin: whether readings that come too fast are thinned out.
        report: called with the progress.

    Returns:
        ``measurements``: one :class:`Measurement` a condition, as plain JSON.
    """
    read, contract = Bundle.read(bundle), Contract.load(robot)

    def measured(faults: list[str]) -> list[Results]:
        return measure_all(
            read, contract, faults, episodes, seed,
            elapsed=elapsed, thin=thin, report=report,
            warn=False,  # the comparison notes it, for all policies
        )  # fmt: skip

    rows = []
    for (family, level, fault), one in zip(conditions, _each(measured, conditions), strict=True):
        row = Measurement(policy, read.sha256, family, level, fault, elapsed)
        if isinstance(one, Results):
            row = replace(row, **{name: getattr(one, name) for name in _KEPT})
        else:
            row = replace(row, error=one)
        rows.append(asdict(row))
    return {'measurements': rows}


def _each(
    measured: Callable[[list[str]], list[Results]], conditions: list[list[Any]]
) -> list[Results | str]:
    """The results of each condition, or why there are none."""
    faults = [fault for *_, fault in conditions]
    try:
        return [*measured(faults)]
    except ValueError as error:
        if len(faults) == 1:
            return [str(error)]
    return [one for condition in conditions for one in _each(measured, [condition])]
