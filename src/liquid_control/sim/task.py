"""What a simulated robot is rewarded for, and when its episode ends early."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

_OPEN = (-math.inf, math.inf)


class Task(Protocol):
    """Reward and fall of a robot, for one world or for many at once."""

    def fallen(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Whether it has fallen, which ends the episode: (..., nq), (..., nv) → bool (...)."""
        ...

    def reward(
        self,
        before: np.ndarray,
        after: np.ndarray,
        fallen: np.ndarray,
        action: np.ndarray,
        period_s: float,
        length: np.ndarray | float = 1.0,
    ) -> np.ndarray:
        """The reward for one period, (...).

        Args:
            before: positions before the period, (..., nq).
            after: positions after it, (..., nq).
            fallen: whether the robot has fallen after it, (...).
            action: action during it, (..., m).
            period_s: nominal length of a period in s.
            length: length of this period in nominal periods, (...).
        """
        ...


@dataclass(frozen=True)
class MoveForward:
    """Gymnasium's reward for a planar robot: speed, plus a share for health, less a control cost.

    ``qpos`` begins with the root's horizontal position, height and pitch.
    """

    control_cost: float
    """Cost of each squared unit of action."""
    healthy_reward: float = 0.0
    """Reward for each period in which it is healthy; 0: it cannot fall."""
    healthy_z: tuple[float, float] = _OPEN
    """Open interval of the root's height in m."""
    healthy_angle: tuple[float, float] = _OPEN
    """Open interval of the root's pitch in rad."""
    healthy_state: tuple[float, float] = _OPEN
    """Open interval of all other positions, and of all velocities."""

    def healthy(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Whether it is inside its healthy ranges: (..., nq), (..., nv) → bool (...)."""
        low, high = self.healthy_state
        state = np.concatenate([qpos[..., 2:], qvel], axis=-1)
        fine = np.all((low < state) & (state < high), axis=-1)
        for value, (low, high) in (
            (qpos[..., 1], self.healthy_z),
            (qpos[..., 2], self.healthy_angle),
        ):
            fine = fine & (low < value) & (value < high)
        return fine

    def fallen(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Whether it has left its healthy ranges; never, if health is not rewarded."""
        if not self.healthy_reward:
            return np.zeros(qpos.shape[:-1], dtype=bool)
        return ~self.healthy(qpos, qvel)

    def reward(
        self,
        before: np.ndarray,
        after: np.ndarray,
        fallen: np.ndarray,
        action: np.ndarray,
        period_s: float,
        length: np.ndarray | float = 1.0,
    ) -> np.ndarray:
        """Gymnasium's reward, its healthy reward and control cost scaled by ``length``."""
        forward = (after[..., 0] - before[..., 0]) / period_s
        healthy = self.healthy_reward * np.logical_not(fallen) * length
        return forward + healthy - self.control_cost * np.sum(np.square(action), -1) * length
