"""Many worlds of one robot stepped at once, for training."""

from collections.abc import Callable

import mujoco
import numpy as np
from mujoco import rollout

from liquid_control.control.contract import Contract
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.world import controls

_STATE = mujoco.mjtState.mjSTATE_FULLPHYSICS
_threads = 1


def use_threads(count: int) -> None:
    """Step the worlds of every batch made from now on by so many threads; no number changes.

    Raises:
        ValueError: fewer than one.
    """
    global _threads
    if count < 1:
        raise ValueError(f'threads: expected 1 or more, found {count}')
    _threads = count


class WorldBatch:
    """``count`` independent worlds, each with its own seeded sequence of starts.

    ``qpos`` (count, nq) and ``qvel`` (count, nv) view the current state; ``steps`` (count,) has
    the steps taken in each world's episode, ``episodes`` (count,) the episodes it has begun.
    ``models`` has the model by which each moves, to be replaced where dynamics differ.

    Args:
        robot: what is simulated.
        count: number of worlds.
        seed: seed of all starts.
        contract: the contract whose actions it takes; by default the robot's own.
        model: a model with changed dynamics, from :meth:`SimulatedRobot.load_model`.
    """

    def __init__(
        self,
        robot: SimulatedRobot,
        count: int,
        seed: int,
        contract: Contract | None = None,
        model: mujoco.MjModel | None = None,
    ):
        self.robot = robot
        self.model = robot.load_model() if model is None else model
        self._controls = controls(robot, robot.contract() if contract is None else contract)
        self._data = [mujoco.MjData(self.model) for _ in range(_threads)]
        self._rollout = rollout.Rollout(nthread=_threads if _threads > 1 else 0)
        size = mujoco.mj_stateSize(self.model, _STATE)
        self.state = np.zeros((count, size))
        nq = self.model.nq
        self.qpos = self.state[:, 1 : 1 + nq]
        self.qvel = self.state[:, 1 + nq : 1 + nq + self.model.nv]
        self._warmstart = np.zeros((count, self.model.nv))
        self.models = [self.model] * count
        self.steps = np.zeros(count, dtype=np.int64)
        self.episodes = np.zeros(count, dtype=np.int64)
        self._seed = seed
        for index in range(count):
            self.reset(index)

    def __len__(self) -> int:
        return len(self.state)

    def reset(self, index: int) -> None:
        """Start the next episode of one world."""
        key = (index, int(self.episodes[index]))
        seed = int(np.random.SeedSequence(self._seed, spawn_key=key).generate_state(1)[0])
        qpos, qvel = self.robot.start.draw(self.model.qpos0, self.model.nv, seed)
        self.state[index] = 0.0
        self.qpos[index], self.qvel[index] = qpos, qvel
        self.steps[index] = 0
        self.episodes[index] += 1

    def step(
        self, action: np.ndarray, lengths: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply action (count, m) for one period; return reward and fallen, (count,) each.

        Args:
            lengths: length of each world's period in nominal periods, (count,), as returned by
                :meth:`whole`; by default 1.
        """
        robot, before = self.robot, self.qpos.copy()
        action = np.asarray(action, np.float64)
        control = np.zeros((len(self), self.model.nu))
        control[:, self._controls] = action
        if lengths is None:
            self._advance(slice(None), control, robot.frame_skip)
            length: np.ndarray | float = 1.0
        else:
            length = lengths
            substeps = np.rint(lengths * robot.frame_skip).astype(int)
            for count in np.unique(substeps):
                part = np.flatnonzero(substeps == count)
                self._advance(part, control[part], int(count))
        self.steps += 1
        fallen = robot.task.fallen(self.qpos, self.qvel)
        reward = robot.task.reward(before, self.qpos, fallen, action, robot.period_s, length)
        return reward, fallen

    def whole(self, lengths: np.ndarray) -> np.ndarray:
        """Round lengths to whole physics steps, at least one."""
        skip = self.robot.frame_skip
        return np.maximum(np.rint(lengths * skip), 1.0) / skip

    def _advance(self, part: slice | np.ndarray, control: np.ndarray, substeps: int) -> None:
        state, warmstart = self.state[part], self._warmstart[part]
        models = [self.models[index] for index in np.arange(len(self))[part]]
        states, _ = self._rollout.rollout(
            models,
            self._data,
            state,
            np.repeat(control[:, None], substeps, axis=1),
            initial_warmstart=warmstart,
        )
        self.state[part] = states[:, -1]

    def close(self) -> None:
        """Release the threads."""
        self._rollout.close()


def episode_returns(
    act: Callable[[WorldBatch], np.ndarray],
    episodes: int,
    seed: int,
    robot: SimulatedRobot,
    lengths: Callable[[WorldBatch], np.ndarray | None] = lambda worlds: None,
) -> np.ndarray:
    """The returns (episodes,) of :func:`batch_episodes`."""
    return batch_episodes(act, episodes, seed, robot, lengths)[0]


def batch_episodes(
    act: Callable[[WorldBatch], np.ndarray],
    episodes: int,
    seed: int,
    robot: SimulatedRobot,
    lengths: Callable[[WorldBatch], np.ndarray | None] = lambda worlds: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run many worlds at once, each for one episode from its own fresh start.

    Args:
        act: returns the actions (episodes, m) for the worlds' current state.
        episodes: number of episodes.
        seed: seed of their starts.
        robot: what is simulated.
        lengths: returns the lengths of their next periods; by default nominal.

    Returns:
        The return of each episode and whether it ended with a fall, (episodes,) each.
    """
    worlds = WorldBatch(robot, episodes, seed)
    returns, alive = np.zeros(episodes), np.ones(episodes, dtype=bool)
    for _ in range(robot.episode_steps):
        reward, fallen = worlds.step(act(worlds), lengths(worlds))
        returns += np.where(alive, reward, 0.0)
        alive &= ~fallen
        if not alive.any():
            break
    worlds.close()
    return returns, ~alive
