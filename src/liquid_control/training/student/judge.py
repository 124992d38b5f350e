"""Evaluation of a student under every condition, with many walkers in parallel and no bundle."""

from collections.abc import Sequence

import numpy as np

from liquid_control.evaluation.suite import JUDGED
from liquid_control.faults import BatchFaults, parse
from liquid_control.models.policy import PolicyModel
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch, episode_returns
from liquid_control.sim.reader import StateReader
from liquid_control.training.ride import Ride


def student_returns(
    model: PolicyModel, episodes: int, seed: int, conditions: Sequence[str] = JUDGED
) -> dict[str, np.ndarray]:
    """Returns (episodes,) of a student under each of the faults."""
    parts = [parse(text) for text in conditions]
    has = np.zeros((len(parts) * episodes, sum(map(len, parts))), dtype=bool)
    column = 0
    for place, part in enumerate(parts):
        has[place * episodes : (place + 1) * episodes, column : column + len(part)] = True
        column += len(part)
    faults = [fault for part in parts for fault in part]
    ride = Ride(model, BatchFaults.of(faults, has, model.contract))
    rng = np.random.default_rng(seed)
    lengths, robot = np.ones(len(has)), robot_of(model.contract)
    read = StateReader(robot.load_model(), model.contract)

    def act(walkers: WorldBatch) -> np.ndarray:
        nonlocal lengths
        lengths = walkers.whole(ride.faults.periods(walkers.steps, rng))
        walkers.models = ride.faults.models(walkers.model, walkers.steps, rng)
        _, _, seen, action = ride.decide(read(walkers.qpos, walkers.qvel), rng)
        return ride.faults.act(ride.send(action, seen, lengths), rng)

    returns = episode_returns(act, len(has), seed, robot, lambda walkers: lengths)
    return dict(zip(conditions, np.split(returns, len(parts)), strict=True))
