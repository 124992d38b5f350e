"""Experts on many worlds at once, from their bundles; some of them are teachers."""

from pathlib import Path

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim import SimulatedRobot, robot_of
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.reader import StateReader
from liquid_control.training.robot import check_teacher


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
        self._limits = np.array(contract.action.lower), np.array(contract.action.upper)

    def __call__(self, worlds: WorldBatch) -> np.ndarray:
        """Actions (count, m) float32."""
        sensed = self._read(worlds.qpos, worlds.qvel).astype(np.float32)
        action, _ = self._runner.step(sensed, 1.0)
        return np.clip(action, *self._limits).astype(np.float32)


class Teacher(Expert):
    """An expert that labels the states of a robot.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: it is a predictor, reads other terms than the robot's teachers, is for another
            robot, or has a memory.
    """

    def __init__(self, path: Path, count: int, robot: SimulatedRobot):
        bundle = Bundle.read(path)
        check_teacher(bundle, str(path), robot)
        super().__init__(bundle, count)
        self.robot = robot
        self.sha256 = bundle.sha256
