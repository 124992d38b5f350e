"""Experts on many worlds at once, from their bundles."""

from pathlib import Path

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.reader import StateReader


class Expert:
    """Gives an expert's action, inside its limits, for the true state of every world.

    Args:
        policy: a bundle that reads joints alone, or its path.
        count: number of worlds.

    Raises:
        ValueError: its robot is not simulated, or it reads more than joints.
    """

    def __init__(self, policy: Path | Bundle, count: int):
        self._runner = PolicyRunner(policy)
        self._runner.reset(count)
        contract = self._runner.contract
        self._read = StateReader(robot_of(contract).load_model(), contract)
        limits = (contract.action.lower, contract.action.upper)
        self._lower, self._upper = (np.array(values, dtype=np.float32) for values in limits)

    def __call__(self, worlds: WorldBatch) -> np.ndarray:
        """Actions (count, m) float32."""
        sensed = self._read(worlds.qpos, worlds.qvel).astype(np.float32)
        action, _ = self._runner.step(sensed, 1.0)
        return np.clip(action, self._lower, self._upper)
