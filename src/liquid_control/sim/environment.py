"""What defines a Gymnasium MuJoCo environment: its model, timing, start, reward and observation.

Walker2d-v5, HalfCheetah-v5 and Hopper-v5; tests compare each with Gymnasium's own.
"""

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control import extras
from liquid_control.control.schema import unknown

_OPEN = (-math.inf, math.inf)


def asset(file: str) -> Path:
    """Path of a model file in the gymnasium package, found without importing it.

    Raises:
        MissingModuleError: gymnasium is not installed.
        FileNotFoundError: it has no such file.
    """
    extras.require('gymnasium')
    spec: Any = importlib.util.find_spec('gymnasium')
    path = Path(spec.origin).parent / 'envs' / 'mujoco' / 'assets' / file
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; gymnasium >= 1.0 ships it')
    return path


@dataclass(frozen=True)
class Environment:
    """One planar robot that is rewarded for its speed.

    ``qpos`` begins with the root's horizontal position, height and pitch.
    """

    name: str
    """Gymnasium's name, without the version."""
    model_file: str
    """Name of the file in Gymnasium's assets."""
    frame_skip: int
    """Physics steps per control period."""
    step_ns: int
    """Length of a physics step in ns."""
    control_cost: float
    healthy_reward: float
    """Reward for each period in which it is healthy; 0: it cannot fall."""
    healthy_z: tuple[float, float] = _OPEN
    healthy_angle: tuple[float, float] = _OPEN
    healthy_state: tuple[float, float] = _OPEN
    """Bounds of all other positions and velocities."""
    velocity_clip: float = math.inf
    reset_noise: float = 5e-3
    normal_velocity: bool = False
    """Whether initial velocities are normally, rather than uniformly, distributed."""
    episode_steps: int = 1000

    @property
    def period_s(self) -> float:
        return self.frame_skip * self.step_ns * 1e-9

    def model_path(self) -> Path:
        """Path of the model file; raises MissingModuleError if Gymnasium is not installed."""
        return asset(self.model_file)

    def start(self, qpos0: np.ndarray, nv: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the initial qpos and qvel that Gymnasium's ``reset(seed=seed)`` gives."""
        rng, noise = np.random.default_rng(seed), self.reset_noise
        qpos = qpos0 + rng.uniform(-noise, noise, size=qpos0.size)
        if self.normal_velocity:
            return qpos, noise * rng.standard_normal(nv)
        return qpos, rng.uniform(-noise, noise, size=nv)

    def healthy(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Whether it is healthy (upright): (..., nq), (..., nv) → bool (...)."""
        low, high = self.healthy_state
        state = np.concatenate([qpos[..., 2:], qvel], axis=-1)
        fine = np.all((low < state) & (state < high), axis=-1)
        for value, (low, high) in (
            (qpos[..., 1], self.healthy_z),
            (qpos[..., 2], self.healthy_angle),
        ):
            fine = fine & (low < value) & (value < high)
        return fine

    def reward(
        self,
        x_before: np.ndarray,
        qpos: np.ndarray,
        healthy: np.ndarray,
        action: np.ndarray,
        length: np.ndarray | float = 1.0,
    ) -> np.ndarray:
        """Gymnasium's reward, its healthy reward and control cost scaled by a period's ``length``.

        Args:
            x_before: horizontal position before the period, (...).
            qpos: positions after it, (..., nq).
            healthy: whether it is healthy after it, (...).
            action: action during it, (..., m).
            length: length of the period in nominal periods, (...).
        """
        forward = (qpos[..., 0] - x_before) / self.period_s
        upright = self.healthy_reward * healthy * length
        return forward + upright - self.control_cost * np.sum(np.square(action), -1) * length

    def observe(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Gymnasium's observation: positions except the horizontal one, then velocities."""
        clip = self.velocity_clip
        return np.concatenate([qpos[..., 1:], np.clip(qvel, -clip, clip)], axis=-1)


WALKER2D = Environment(
    name='Walker2d',
    model_file='walker2d_v5.xml',
    frame_skip=4,
    step_ns=2_000_000,
    control_cost=1e-3,
    healthy_reward=1.0,
    healthy_z=(0.8, 2.0),
    healthy_angle=(-1.0, 1.0),
    velocity_clip=10.0,
)
HALF_CHEETAH = Environment(
    name='HalfCheetah',
    model_file='half_cheetah.xml',
    frame_skip=5,
    step_ns=10_000_000,
    control_cost=0.1,
    healthy_reward=0.0,
    reset_noise=0.1,
    normal_velocity=True,
)
HOPPER = Environment(
    name='Hopper',
    model_file='hopper.xml',
    frame_skip=4,
    step_ns=2_000_000,
    control_cost=1e-3,
    healthy_reward=1.0,
    healthy_z=(0.7, math.inf),
    healthy_angle=(-0.2, 0.2),
    healthy_state=(-100.0, 100.0),
    velocity_clip=10.0,
)
_ENVIRONMENTS = {e.name.lower(): e for e in (WALKER2D, HALF_CHEETAH, HOPPER)}


def names() -> list[str]:
    """Names of all environments."""
    return list(_ENVIRONMENTS)


def environment(name: str) -> Environment:
    """Look up an environment by name.

    Raises:
        ValueError: there is none of that name; the message names the nearest.
    """
    if name not in _ENVIRONMENTS:
        raise ValueError(unknown('environment', name, _ENVIRONMENTS))
    return _ENVIRONMENTS[name]
