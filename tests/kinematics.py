"""The published Walker2d kinematics, if available, and synthetic rollouts of the same sizes."""

import os
from pathlib import Path

import numpy as np
import pytest

from liquid_control.study.walker2d_kinematics import dataset as data

NAME = 'walker2d_kinematics'


def published() -> Path:
    """The published folder, in $LIQUID_CONTROL_DATA or ``../shared/data``; skips if missing."""
    beside = Path(__file__).resolve().parents[2] / 'shared' / 'data'
    folder = Path(os.environ.get('LIQUID_CONTROL_DATA') or beside) / NAME
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there: LIQUID_CONTROL_DATA names the folder that has {NAME}')
    return folder


def make_up(folder: Path) -> Path:
    """400 synthetic rollouts with the published number of windows in each part."""
    order = names()
    np.random.RandomState(125487).shuffle(order)
    drops, rng = np.random.RandomState(891374), np.random.default_rng(0)
    for part, files in (
        ('train', order[100:]),
        ('validation', order[60:100]),
        ('test', order[:60]),
    ):
        least, more = divmod(data.COUNTS[part], len(files))
        for place, name in enumerate(files):
            windows, kept, length = least + (place < more), 0, 1
            while kept < data.LENGTH + data.STRIDE * (windows - 1) + 1:
                kept += drops.rand() < data.KEPT
                length += 1
            np.save(folder / name, waves(rng, length))
    return folder


def names() -> list[str]:
    return [f'rollout_{number:03d}.npy' for number in range(data.FILES)]


def waves(rng: np.random.Generator, length: int) -> np.ndarray:
    """Smooth synthetic frames, (length, 17)."""
    time = np.arange(length)[:, None]
    return 2.0 * np.sin(rng.uniform(0.05, 0.3, 17) * time + rng.uniform(0, 6, 17))


def some_windows(rollouts: int = 2, length: int = 150, seed: int = 0) -> data.Windows:
    """Windows of a few synthetic rollouts."""
    rng, drops = np.random.default_rng(seed), np.random.RandomState(seed)
    frames = {f'made_up_{i}': waves(rng, length).astype(np.float32) for i in range(rollouts)}
    return data.cut({name: data.drop_frames(values, drops) for name, values in frames.items()})
