"""How policies perform over a recording that another policy may have driven."""

from collections.abc import Callable, Sequence
from typing import Any

from liquid_control.bags.bag import Bag, BagError
from liquid_control.control.contract import Contract
from liquid_control.control.runtime import PolicyRunner
from liquid_control.faults import parse
from liquid_control.replay.evaluator import Evaluator
from liquid_control.replay.passes import PassSummary, play


def replay_policies(
    bag: Bag,
    runners: Sequence[PolicyRunner],
    robot: Contract,
    observed: dict[str, str] | None = None,
    *,
    fault: str = 'none',
    seed: int = 0,
    horizon: int = 50,
    show: Callable[[list[Evaluator], int], None] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Replay policies together; return the figures of each, and what the pass came to.

    Args:
        bag: the recording.
        runners: runners of the policies.
        robot: contract of the robot.
        observed: contract topic → topic in the bag, where they differ.
        fault: sensor faults as text, such as ``gaussian:0.1+dropped:0.05``.
        seed: seed of the faults.
        horizon: number of steps that each policy predicts ahead on its own predictions.
        show: receives the evaluators afterwards, and the first stamp in ns, for plots.

    Raises:
        BagError: a topic that a policy reads is missing, or there is no complete observation.
        ContractError: a policy does not fit the robot.
        FaultError: there is no such fault, or the contract has no ``std`` to measure it in.
    """
    for runner in runners:
        runner.warm_up()
    evaluators = [Evaluator(runner, robot, horizon) for runner in runners]
    summary = play(bag, evaluators, robot, observed, parse(fault), seed)
    if not summary.observations:
        left = f', as {fault} withheld {summary.lost} messages' if summary.lost else ''
        raise BagError(f'{bag.path}: no complete observation in it{left}')
    results = []
    for evaluator in evaluators:
        score: dict[str, Any] = {'fault': fault, **evaluator.result()}
        for event in (score['alarm'] or {}).get('events', ()):
            event['start_s'] = _since(event['start_ns'], summary)
            event['end_s'] = _since(event['end_ns'], summary)
        results.append(score)
    if show is not None:
        show(evaluators, summary.first or 0)
    return results, pass_figures(summary)


def pass_figures(summary: PassSummary) -> dict[str, Any]:
    """Return what a pass came to, with times in seconds since the first observation."""
    return {
        'first_stamp_ns': summary.first,
        'seconds': _since(summary.last, summary),
        'observations': summary.observations,
        'answered': summary.answered,
        'not_compared': summary.not_compared,
        'lost': summary.lost,
        'silences': [
            {
                'topic': s['topic'],
                'since_s': _since(s['since_ns'], summary),
                'until_s': _since(s['until_ns'], summary),
            }
            for s in summary.silences
        ],
    }


def _since(stamp: int | None, summary: PassSummary) -> float | None:
    return None if stamp is None else round((stamp - (summary.first or 0)) * 1e-9, 6)
