"""How policies perform over a recording that another policy may have driven."""

from collections.abc import Callable, Sequence
from typing import Any

from liquid_control.bags.bag import Bag, BagError
from liquid_control.control.contract import Contract
from liquid_control.control.runtime import PolicyRunner
from liquid_control.faults import parse
from liquid_control.replay.evaluator import Player
from liquid_control.replay.play import Heard, play


def replay_scores(
    bag: Bag,
    runners: Sequence[PolicyRunner],
    robot: Contract,
    observed: dict[str, str] | None = None,
    *,
    fault: str = 'none',
    seed: int = 0,
    horizon: int = 50,
    players: Callable[[list[Player], int], None] = lambda players, first: None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Replay policies together; return the figures of each, and what was heard.

    Args:
        bag: the recording.
        runners: runners of the policies.
        robot: contract of the robot.
        observed: contract topic → topic in the bag, where they differ.
        fault: sensor faults as text, such as ``gaussian:0.1+dropped:0.05``.
        seed: seed of the faults.
        horizon: number of steps that each policy predicts ahead on its own predictions.
        players: receives the players afterwards, and the first stamp in ns, for plots.

    Raises:
        BagError: a topic that a policy reads is missing, or there is no complete observation.
        ContractError: a policy does not fit the robot.
        FaultError: there is no such fault, or the contract has no ``std`` to measure it in.
    """
    for runner in runners:
        runner.warm_up()
    playing = [Player(runner, robot, horizon) for runner in runners]
    heard = play(bag, playing, robot, observed, parse(fault), seed)
    if not heard.observations:
        raise BagError(f'{bag.path}: no complete observation in it')
    found = []
    for player in playing:
        score: dict[str, Any] = {'fault': fault, **player.result()}
        for event in (score['alarm'] or {}).get('events', ()):
            event['start_s'] = _since(event['start_ns'], heard)
            event['end_s'] = _since(event['end_ns'], heard)
        found.append(score)
    players(playing, heard.first or 0)
    return found, heard_figures(heard)


def heard_figures(heard: Heard) -> dict[str, Any]:
    """Return what a pass heard, with times in seconds since the first observation."""
    return {
        'first_stamp_ns': heard.first,
        'seconds': _since(heard.last, heard),
        'observations': heard.observations,
        'answered': heard.answered,
        'not_compared': heard.not_compared,
        'lost': heard.lost,
        'silences': [
            {
                'topic': s['topic'],
                'since_s': _since(s['since_ns'], heard),
                'until_s': _since(s['until_ns'], heard),
            }
            for s in heard.silences
        ],
    }


def _since(stamp: int | None, heard: Heard) -> float | None:
    return None if stamp is None else round((stamp - (heard.first or 0)) * 1e-9, 6)
