"""Evaluation of a student under every condition, in many worlds at once and without a bundle."""

from collections.abc import Sequence

import numpy as np

from liquid_control.evaluation.suite import JUDGED
from liquid_control.faults import BatchFaults, parse
from liquid_control.models import PolicyModel
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch, episode_returns
from liquid_control.sim.reader import StateReader
from liquid_control.training.student.batch import StudentBatch


def student_returns(
    model: PolicyModel, episodes: int, seed: int, conditions: Sequence[str] = JUDGED
) -> dict[str, np.ndarray]:
    """Returns (episodes,) of a student under each of the faults."""
    parts = [parse(text) for text in conditions]
    has = np.zeros((len(parts) * episodes, sum(map(len, parts))), dtype=bool)
    column = 0
    for index, part in enumerate(parts):
        has[index * episodes : (index + 1) * episodes, column : column + len(part)] = True
        column += len(part)
    faults = [fault for part in parts for fault in part]
    students = StudentBatch(model, BatchFaults.of(faults, has, model.contract))
    rng = np.random.default_rng(seed)
    lengths, robot = np.ones(len(has)), robot_of(model.contract)
    read = StateReader(robot.load_model(), model.contract)

    def act(worlds: WorldBatch) -> np.ndarray:
        nonlocal lengths
        lengths = worlds.whole(students.faults.periods(worlds.steps, rng))
        worlds.models = students.faults.models(worlds.model, worlds.steps, rng)
        _, _, seen, action = students.decide(read(worlds.qpos, worlds.qvel), rng)
        return students.faults.act(students.send(action, seen, lengths), rng)

    returns = episode_returns(act, len(has), seed, robot, lambda worlds: lengths)
    return dict(zip(conditions, np.split(returns, len(parts)), strict=True))
