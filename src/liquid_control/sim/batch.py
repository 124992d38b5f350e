"""Many worlds of one environment stepped at once, for training."""

from collections.abc import Callable

import mujoco
import numpy as np
from mujoco import rollout

from liquid_control.sim.environment import WALKER2D, Environment

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


class BatchWalkers:
    """``count`` independent walkers, each with its own seeded sequence of starts.

    ``qpos`` (count, nq) and ``qvel`` (count, nv) view the current state; ``steps`` (count,) has
    the steps taken in each walker's episode, ``episodes`` (count,) the episodes it has begun.
    ``models`` has the model by which each moves, to be replaced where dynamics differ.
    """

    def __init__(self, count: int, seed: int, environment: Environment = WALKER2D):
        self.environment = environment
        self.model = mujoco.MjModel.from_xml_path(str(environment.model_path()))
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
        """Start the next episode of one walker."""
        key = (index, int(self.episodes[index]))
        seed = int(np.random.SeedSequence(self._seed, spawn_key=key).generate_state(1)[0])
        qpos, qvel = self.environment.start(self.model.qpos0, self.model.nv, seed)
        self.state[index] = 0.0
        self.qpos[index], self.qvel[index] = qpos, qvel
        self.steps[index] = 0
        self.episodes[index] += 1

    def step(
        self, action: np.ndarray, lengths: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply action (count, m) for one period; return reward and terminated, (count,) each.

        Args:
            lengths: length of each walker's period in nominal periods, (count,), as returned by
                :meth:`whole`; by default 1.
        """
        environment = self.environment
        x_before = self.qpos[:, 0].copy()
        action = np.asarray(action, np.float64)
        if lengths is None:
            self._advance(slice(None), action, environment.frame_skip)
            lengths = 1.0
        else:
            substeps = np.rint(lengths * environment.frame_skip).astype(int)
            for count in np.unique(substeps):
                part = np.flatnonzero(substeps == count)
                self._advance(part, action[part], int(count))
        self.steps += 1
        healthy = environment.healthy(self.qpos, self.qvel)
        reward = environment.reward(x_before, self.qpos, healthy, action, lengths)
        fallen = ~healthy if environment.healthy_reward else np.zeros(len(self), dtype=bool)
        return reward, fallen

    def whole(self, lengths: np.ndarray) -> np.ndarray:
        """Round lengths to whole physics steps, at least one."""
        skip = self.environment.frame_skip
        return np.maximum(np.rint(lengths * skip), 1.0) / skip

    def _advance(self, part: slice | np.ndarray, action: np.ndarray, substeps: int) -> None:
        state, warmstart = self.state[part], self._warmstart[part]
        models = [self.models[index] for index in np.arange(len(self))[part]]
        states, _ = self._rollout.rollout(
            models,
            self._data,
            state,
            np.repeat(action[:, None], substeps, axis=1),
            initial_warmstart=warmstart,
        )
        self.state[part] = states[:, -1]

    def sensed(self) -> np.ndarray:
        """Gymnasium's observations, (count, n)."""
        return self.environment.observe(self.qpos, self.qvel)

    def close(self) -> None:
        self._rollout.close()


def episode_returns(
    act: Callable[[BatchWalkers], np.ndarray],
    episodes: int,
    seed: int,
    environment: Environment = WALKER2D,
    lengths: Callable[[BatchWalkers], np.ndarray | None] = lambda walkers: None,
) -> np.ndarray:
    """The returns (episodes,) of :func:`batch_episodes`."""
    return batch_episodes(act, episodes, seed, environment, lengths)[0]


def batch_episodes(
    act: Callable[[BatchWalkers], np.ndarray],
    episodes: int,
    seed: int,
    environment: Environment = WALKER2D,
    lengths: Callable[[BatchWalkers], np.ndarray | None] = lambda walkers: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Let walkers walk in parallel, each one episode from its own fresh start.

    Args:
        act: returns the actions (episodes, m) for the walkers' current state.
        lengths: returns the lengths of their next periods; by default nominal.

    Returns:
        The return of each episode and whether it ended with a fall, (episodes,) each.
    """
    walkers = BatchWalkers(episodes, seed, environment=environment)
    returns, alive = np.zeros(episodes), np.ones(episodes, dtype=bool)
    for _ in range(environment.episode_steps):
        reward, terminated = walkers.step(act(walkers), lengths(walkers))
        returns += np.where(alive, reward, 0.0)
        alive &= ~terminated
        if not alive.any():
            break
    walkers.close()
    return returns, ~alive
