"""Many worlds of one robot in lockstep, each exactly as :class:`World` is by itself."""

from collections.abc import Sequence

import mujoco
import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.world import World, controls


class Worlds:
    """N worlds, each with the starts, the clock and the physics of a :class:`World`, bit for bit.

    :class:`WorldBatch` begins each physics step without the solver's last result, so its numbers
    differ in the last digits; these do not.

    Args:
        robot: what is simulated.
        contract: the contract whose actions it takes.
        count: N.

    Raises:
        MissingModuleError, ValueError: as :class:`World`.
    """

    def __init__(self, robot: SimulatedRobot, contract: Contract, count: int):
        self.robot, self.nominal = robot, robot.load_model()
        self._worlds = [World(robot, contract, self.nominal) for _ in range(count)]
        self._controls = controls(robot, contract)
        data = [world.data for world in self._worlds]
        self._ctrl = [each.ctrl for each in data]
        self._views = [(each.qpos, each.qvel) for each in data]
        self.qpos = np.zeros((count, self.nominal.nq))
        """Positions, (N, nq)."""
        self.qvel = np.zeros((count, self.nominal.nv))
        """Velocities, (N, nv)."""
        self.stamps = np.zeros(count, dtype=np.int64)
        """Present time of each in ns, (N,)."""
        self.steps = np.zeros(count, dtype=np.int64)
        """Control periods that each one's episode has lasted, (N,)."""
        self._begun = np.zeros(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._worlds)

    def restart(self, index: int, seed: int) -> None:
        """Start the first episode of a new world in place of one."""
        world = self._worlds[index]
        world.stamp_ns = 0
        world.reset(seed)
        self._ctrl[index][:] = 0.0
        self.qpos[index], self.qvel[index] = self._views[index]
        self.stamps[index] = self._begun[index] = world.stamp_ns
        self.steps[index] = 0

    def passed(self, by_clock: np.ndarray) -> np.ndarray:
        """How much of each one's episode has passed, (N,), see :meth:`World.passed`."""
        return np.where(by_clock, (self.stamps - self._begun) / self.robot.period_ns, self.steps)

    def use(self, index: int, model: mujoco.MjModel) -> None:
        """Go on with a model whose dynamics differ in one world, see :meth:`World.use`."""
        self._worlds[index].use(model)

    def step(
        self, rows: np.ndarray, action: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply a command in each of K worlds for one period.

        Args:
            rows: which worlds, (K,).
            action: their commands, (K, m).
            lengths: lengths of their periods in nominal periods, (K,); rounded to whole physics
                steps, at least one.

        Returns:
            The rewards and whether each robot has fallen, (K,).
        """
        robot = self.robot
        substeps = np.maximum(np.rint(lengths * robot.frame_skip), 1.0).astype(np.int64)
        action = np.asarray(action, dtype=np.float64)
        control = np.zeros((len(rows), self.nominal.nu))
        control[:, self._controls] = action
        before = self.qpos[rows]
        self._advance(rows.tolist(), control, substeps.tolist())
        self.stamps[rows] += substeps * robot.step_ns
        self.steps[rows] += 1
        after = self.qpos[rows]
        fallen = robot.task.fallen(after, self.qvel[rows])
        length = substeps / robot.frame_skip
        reward = robot.task.reward(before, after, fallen, action, robot.period_s, length)
        return reward, fallen

    def _advance(self, rows: list[int], control: np.ndarray, substeps: Sequence[int]) -> None:
        step, qpos, qvel = mujoco.mj_step, self.qpos, self.qvel
        for row, values, count in zip(rows, control, substeps, strict=True):
            world = self._worlds[row]
            self._ctrl[row][:] = values
            step(world.model, world.data, count)
            # At once, while the world is in the processor's cache.
            qpos[row], qvel[row] = self._views[row]
