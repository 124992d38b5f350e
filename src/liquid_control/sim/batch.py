"""Many Walker2d worlds stepped at once on threads, for training."""

from collections.abc import Callable

import mujoco
import numpy as np
from mujoco import rollout

from liquid_control.sim import walker2d

_STATE = mujoco.mjtState.mjSTATE_FULLPHYSICS


class BatchWalkers:
    """``count`` independent walkers, each with its own seeded sequence of starts.

    ``qpos`` and ``qvel`` (count, 9) show the present state; ``steps`` (count,) the steps taken
    in each walker's episode.
    """

    def __init__(self, count: int, seed: int, threads: int = 1):
        self.model = mujoco.MjModel.from_xml_path(str(walker2d.model_path()))
        self._data = [mujoco.MjData(self.model) for _ in range(threads)]
        self._rollout = rollout.Rollout(nthread=threads if threads > 1 else 0)
        size = mujoco.mj_stateSize(self.model, _STATE)
        self._state = np.zeros((count, size))
        nq = self.model.nq
        self.qpos = self._state[:, 1 : 1 + nq]
        self.qvel = self._state[:, 1 + nq : 1 + nq + self.model.nv]
        self._warmstart = np.zeros((count, self.model.nv))
        self.steps = np.zeros(count, dtype=np.int64)
        self._seeds = np.random.SeedSequence(seed).spawn(count)
        for index in range(count):
            self.reset(index)

    def __len__(self) -> int:
        return len(self._state)

    def reset(self, index: int) -> None:
        """Start the next episode of one walker."""
        seed = int(self._seeds[index].spawn(1)[0].generate_state(1)[0])
        qpos, qvel = walker2d.start(self.model.qpos0, self.model.nv, seed)
        self._state[index, 0] = 0.0
        self.qpos[index], self.qvel[index] = qpos, qvel
        self._warmstart[index] = 0.0
        self.steps[index] = 0

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Apply action (count, 6) for one period → reward (count,), terminated (count,)."""
        x_before = self.qpos[:, 0].copy()
        control = np.repeat(np.asarray(action, np.float64)[:, None], walker2d.FRAME_SKIP, axis=1)
        states, _ = self._rollout.rollout(
            [self.model] * len(self),
            self._data,
            self._state,
            control,
            initial_warmstart=self._warmstart,
        )
        self._state[:] = states[:, -1]
        self.steps += 1
        return walker2d.reward(x_before, self.qpos, action), ~walker2d.healthy(self.qpos)

    def sensed(self) -> np.ndarray:
        """The observations of Walker2d-v5: positions but rootx, clipped velocities, (count, 17)."""
        clip = walker2d.VELOCITY_CLIP
        return np.concatenate([self.qpos[:, 1:], np.clip(self.qvel, -clip, clip)], axis=1)

    def close(self) -> None:
        self._rollout.close()


def episode_returns(
    act: Callable[[BatchWalkers], np.ndarray], episodes: int, seed: int
) -> np.ndarray:
    """Returns (episodes,) of walks side by side, each from its own fresh start.

    Args:
        act: gives the actions (episodes, 6) for the walkers as they stand.
    """
    walkers = BatchWalkers(episodes, seed)
    returns, alive = np.zeros(episodes), np.ones(episodes, dtype=bool)
    for _ in range(walker2d.EPISODE_STEPS):
        reward, terminated = walkers.step(act(walkers))
        returns += reward * alive
        alive &= ~terminated
        if not alive.any():
            break
    walkers.close()
    return returns
