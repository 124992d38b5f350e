"""What defines Walker2d-v5: its model file, joints, timing, start and reward.

Every simulation of it in this package, single or batched, takes these from here; a test compares
them with Gymnasium's own environment.
"""

import importlib.util
from pathlib import Path

import numpy as np

JOINTS = (
    'rootx', 'rootz', 'rooty',
    'thigh_joint', 'leg_joint', 'foot_joint',
    'thigh_left_joint', 'leg_left_joint', 'foot_left_joint',
)  # fmt: skip
ACTUATED = JOINTS[3:]
MODEL_FILE = 'walker2d_v5.xml'
FRAME_SKIP = 4
PERIOD_NS = 8_000_000
PERIOD_S = PERIOD_NS * 1e-9
EPISODE_STEPS = 1000

HEALTHY_Z = (0.8, 2.0)
HEALTHY_ANGLE = (-1.0, 1.0)
HEALTHY_REWARD = 1.0
CONTROL_COST = 1e-3
RESET_NOISE = 5e-3
VELOCITY_CLIP = 10.0


def model_path() -> Path:
    """Path of the model file in the gymnasium package, found without importing it.

    Raises:
        FileNotFoundError: gymnasium is not installed, or too old to ship the file.
    """
    spec = importlib.util.find_spec('gymnasium')
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            'the Walker2d model file ships in the gymnasium package, which is not installed: '
            "pip install 'liquid_control[sim]'"
        )
    path = Path(spec.origin).parent / 'envs' / 'mujoco' / 'assets' / MODEL_FILE
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; gymnasium >= 1.0 ships it')
    return path


def start(qpos0: np.ndarray, nv: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial qpos (9,) and qvel (9,) that Gymnasium's ``reset(seed=seed)`` gives."""
    rng = np.random.default_rng(seed)
    qpos = qpos0 + rng.uniform(-RESET_NOISE, RESET_NOISE, size=qpos0.size)
    qvel = rng.uniform(-RESET_NOISE, RESET_NOISE, size=nv)
    return qpos, qvel


def healthy(qpos: np.ndarray) -> np.ndarray:
    """Whether the walker is healthy (upright): qpos (..., 9) → bool (...)."""
    z, angle = qpos[..., 1], qpos[..., 2]
    upright = (HEALTHY_ANGLE[0] < angle) & (angle < HEALTHY_ANGLE[1])
    return (HEALTHY_Z[0] < z) & (z < HEALTHY_Z[1]) & upright


def reward(
    x_before: np.ndarray, qpos: np.ndarray, action: np.ndarray, length: float = 1.0
) -> np.ndarray:
    """Gymnasium's reward: x_before (...), qpos after (..., 9), action (..., 6) → (...).

    The healthy reward and the control cost are scaled by ``length``, that of the period in nominal
    periods.
    """
    forward = (qpos[..., 0] - x_before) / PERIOD_S
    cost = CONTROL_COST * np.sum(np.square(action), -1)
    return forward + HEALTHY_REWARD * healthy(qpos) * length - cost * length
