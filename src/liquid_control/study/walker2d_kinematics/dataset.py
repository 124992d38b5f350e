"""Walker2d kinematics (Lechner & Hasani 2020): next-frame prediction on rollouts with lost frames.

The protocol is that of "Learning long-term dependencies in irregularly-sampled time series"
(ODE-LSTM) and of "Closed-form continuous-time neural networks" (CfC).
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liquid_control.study.sequences import DataError

FILES, CHANNELS = 400, 17
"""Rollouts in the set; values per frame: qpos[1:] (8), then qvel clipped to ±10 (9)."""
TEST, VALIDATION = 60, 40
"""Rollouts for testing and validation, taken first from the shuffled names; the rest train."""
KEPT, LENGTH, STRIDE = 0.9, 64, 16
"""Probability that a frame is kept; kept frames per window; stride between windows."""
COUNTS = {'train': 9684, 'validation': 1272, 'test': 1937}
"""Windows of each part, checked to ensure that the protocol is followed."""
SHA256 = 'dd53f1abac490171954a53d1b65042b10ea1682663fa06fe336b633d2cfd0aba'
"""Digest of the published set; see :class:`Dataset`."""
Kept = tuple[np.ndarray, np.ndarray, np.ndarray]
"""The kept frames of a rollout: x (K, 17), elapsed (K, 1), target (K, 17)."""
_SHUFFLE_SEED, _DROP_SEED = 125487, 891374


@dataclass(frozen=True)
class Windows:
    """N windows of T kept frames.

    Attributes:
        x: the frames as observed, (N, T, 17) float32.
        elapsed: frames since the last kept one, (N, T, 1) float32.
        target: the raw frame that follows each, whether or not it is kept, (N, T, 17) float32.
        source: for each window, its rollout as an index into ``rollouts``, and its start among the
            rollout's kept frames, (N, 2).
        rollouts: file names.
    """

    x: np.ndarray
    elapsed: np.ndarray
    target: np.ndarray
    source: np.ndarray
    rollouts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def present(self) -> np.ndarray:
        """All steps, (N, T) bool: no window is padded."""
        return np.broadcast_to(True, self.x.shape[:2])

    @property
    def observed(self) -> None:
        """None: all values are measured."""
        return None

    @property
    def known(self) -> None:
        """None: all frames to come are known."""
        return None

    def describe(self, window: int) -> str:
        """Where a window comes from, for messages."""
        rollout, start = self.source[window]
        return f'{self.rollouts[rollout]} from kept frame {start}'


@dataclass(frozen=True)
class Dataset:
    """The rollouts of each part, float32 (T, 17), by file name, in protocol order."""

    train: dict[str, np.ndarray]
    validation: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    sha256: str
    """Digest of all file names and contents, in the order of the names."""

    @property
    def published(self) -> bool:
        """Whether these are the published rollouts, byte for byte."""
        return self.sha256 == SHA256


@dataclass(frozen=True)
class Protocol:
    """The fixed windows of the published protocol."""

    train: Windows
    validation: Windows
    test: Windows


def load(folder: str | Path) -> Dataset:
    """Read and check the folder with ``rollout_000.npy`` … ``rollout_399.npy``.

    Raises:
        DataError: files are missing, do not belong there, or hold something other than a finite
            float array (T, 17); the message names them.
    """
    folder = Path(folder)
    names = _names(folder)
    digest, read, problems = hashlib.sha256(), {}, []
    for name in names:
        content = b''
        try:
            content = (folder / name).read_bytes()
            read[name] = _rollout(content)
        except (OSError, ValueError, EOFError, MemoryError) as error:
            problems.append(f'{name}: {error}')
        digest.update(name.encode() + b'\0' + content)
    if problems:
        raise DataError(f'{folder}: {_some(problems)}')
    order = list(names)
    np.random.RandomState(_SHUFFLE_SEED).shuffle(order)
    parts = order[TEST + VALIDATION :], order[TEST : TEST + VALIDATION], order[:TEST]
    return Dataset(*({name: read[name] for name in part} for part in parts), digest.hexdigest())


def protocol(rollouts: Dataset) -> Protocol:
    """The fixed windows, from one generator over training, validation and test rollouts in turn.

    Raises:
        DataError: the number of windows differs from that of the published set.
    """
    rng = np.random.RandomState(_DROP_SEED)
    parts = {}
    for part, expected in COUNTS.items():
        whole = getattr(rollouts, part)
        parts[part] = cut({name: drop_frames(frames, rng) for name, frames in whole.items()})
        if len(parts[part]) != expected:
            raise DataError(
                f'{part}: the protocol gives {expected} windows, found {len(parts[part])}: '
                'these are not the published rollouts'
            )
    return Protocol(**parts)


def draw(
    rollouts: dict[str, np.ndarray], rng: np.random.RandomState, count: int = COUNTS['train']
) -> Windows:
    """Draw new training windows, with new frames dropped and new starting points.

    The windows are drawn uniformly from all possible ones, at any start.
    """
    kept = {name: drop_frames(frames, rng) for name, frames in rollouts.items()}
    source = _starts(kept, 1)
    return _take(kept, source[rng.randint(len(source), size=count)])


def drop_frames(frames: np.ndarray, rng: np.random.RandomState) -> Kept:
    """The kept frames, the number of frames since the last kept one, and the raw frame after each.

    Args:
        frames: (T, C); the last is a target only.
        rng: one ``rand()`` is drawn per frame; for the first kept frame, elapsed counts from the
            frame before the first.

    Returns:
        x (K, C), elapsed (K, 1) float32, target (K, C).
    """
    indices = np.flatnonzero(rng.rand(len(frames) - 1) < KEPT)
    elapsed = np.diff(indices, prepend=-1).astype(np.float32)[:, None]
    return frames[indices], elapsed, frames[indices + 1]


def cut(sequences: dict[str, Kept]) -> Windows:
    """Windows of :data:`LENGTH` kept frames from each rollout, :data:`STRIDE` apart.

    As published, a window that would end at the last kept frame is left out.

    Raises:
        DataError: no sequence is longer than a window.
    """
    return _take(sequences, _starts(sequences, STRIDE))


def persistence_mse(windows: Windows) -> float:
    """Mean squared error of predicting the present frame as the next."""
    return _mse(windows.x, windows.target)


def linear_mse(train: Windows, test: Windows) -> float:
    """Mean squared error on ``test`` of an affine map frame → next frame fitted to ``train``."""

    def design(windows: Windows) -> np.ndarray:
        x = windows.x.reshape(-1, windows.x.shape[-1]).astype(np.float64)
        return np.hstack([x, np.ones((len(x), 1))])

    target = train.target.reshape(-1, train.target.shape[-1]).astype(np.float64)
    weights = np.linalg.lstsq(design(train), target, rcond=None)[0]
    return _mse((design(test) @ weights).reshape(test.target.shape), test.target)


def baselines(windows: Protocol) -> dict[str, float]:
    """Test errors of persistence (published: 4.54) and of the linear map (published: 3.13)."""
    return {
        'persistence_mse': persistence_mse(windows.test),
        'linear_mse': linear_mse(windows.train, windows.test),
    }


def _starts(sequences: dict[str, Kept], stride: int) -> np.ndarray:
    """(rollout index, first kept frame) of every window, (N, 2)."""
    starts = [
        (index, start)
        for index, (x, _, _) in enumerate(sequences.values())
        for start in range(0, len(x) - LENGTH, stride)
    ]
    if not starts:
        raise DataError(f'no rollout keeps more than {LENGTH} frames')
    return np.array(starts)


def _take(sequences: dict[str, Kept], source: np.ndarray) -> Windows:
    kept = list(sequences.values())
    series = (
        np.stack([kept[index][kind][start : start + LENGTH] for index, start in source])
        for kind in range(3)
    )
    return Windows(*series, source=source, rollouts=tuple(sequences))


def _mse(predicted: np.ndarray, target: np.ndarray) -> float:
    return float(np.mean((predicted.astype(np.float64) - target) ** 2))


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise DataError(f'{folder}: no such folder; expected one with rollout_000.npy … .npy')
    expected = {f'rollout_{number:03d}.npy' for number in range(FILES)}
    there = {path.name for path in folder.iterdir() if not path.name.startswith('.')}
    problems = [
        f'{what}: {_some(sorted(names))}'
        for what, names in (('missing', expected - there), ('unexpected', there - expected))
        if names
    ]
    if problems:
        raise DataError(f'{folder}: {"; ".join(problems)}')
    return sorted(expected)


def _rollout(content: bytes) -> np.ndarray:
    frames = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(frames, np.ndarray) or frames.ndim != 2 or frames.shape[1] != CHANNELS:
        shape = getattr(frames, 'shape', type(frames).__name__)
        raise ValueError(f'expected shape (T, {CHANNELS}), found {shape}')
    if frames.dtype.kind != 'f':
        raise ValueError(f'expected floats, found {frames.dtype}')
    if len(frames) < 2:
        raise ValueError(f'expected at least 2 frames, found {len(frames)}')
    with np.errstate(over='ignore'):
        single = frames.astype(np.float32)
    bad = np.argwhere(~np.isfinite(single))
    if len(bad):
        row, channel = bad[0]
        raise ValueError(
            f'{frames[row, channel]} in frame {row}, channel {channel} ({len(bad)} values '
            'are not finite in single precision)'
        )
    return single


def _some(names: Sequence[str], limit: int = 5) -> str:
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + more
