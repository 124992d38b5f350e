"""Training of a predictor on recordings, over the horizons at which it will be judged.

In each window the model first sees recorded values, then runs on its own predictions, except that
held terms (commands) remain as recorded. The error at k steps is relative to that of persistence
at k steps, so that every horizon and every channel counts equally.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from liquid_control.bags.recording import Recording
from liquid_control.control.contract import Contract
from liquid_control.models import (
    ModelSettings,
    Normalizer,
    Predictor,
    cell_settings,
    parameters,
    width_for,
)
from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError, clip_gradients
from liquid_control.training.optimizers import warm_cosine

_FLOOR = 0.02
"""Lower bound of a channel's error scale, in its standard deviations."""


@dataclass(frozen=True)
class RecordedSettings:
    """How a predictor is trained on recordings."""

    cell: str
    seed: int = 0
    updates: int = 300
    learning_rate: float = 0.005
    batch: int = 32
    burn_in: int = 30
    """Steps in which the model sees recorded values."""
    horizon: int = 50
    """Steps for which it then runs on its own predictions."""
    budget: int = 20_000
    """Parameters of the model."""
    block: float = 1.0
    """Length in seconds of the parts into which a recording is split for calibration; longer if
    two windows would not fit."""
    folds: int = 2
    """Number of models for calibration: the parts are assigned to them in turn, and each model is
    trained without its own parts, to calibrate on them."""
    every: int = 50
    """Updates between checkpoints."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def parts(recording: Recording, settings: RecordedSettings) -> np.ndarray:
    """The part in which each observation lies, counting from 0, (T,) int."""
    period = 1e-9 * recording.period_ns
    length = max(settings.block, 2.0 * period * (settings.burn_in + settings.horizon + 1))
    return np.floor(recording.seconds / length).astype(int)


def folds(recording: Recording, settings: RecordedSettings) -> np.ndarray:
    """The fold whose model is trained without each observation, (T,) int."""
    return parts(recording, settings) % settings.folds


class Windows:
    """Windows drawn at random for every update.

    Args:
        recordings: recordings with the same contract.
        settings: give the window length, batch size and seed.
        without: fold whose parts no window may overlap; None to use all.

    Raises:
        ValueError: no window fits.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        settings: RecordedSettings,
        without: int | None = None,
    ):
        self.settings = settings
        self.length = settings.burn_in + settings.horizon + 1
        self.values = torch.from_numpy(np.concatenate([r.values for r in recordings]))
        self.elapsed = torch.from_numpy(np.concatenate([r.elapsed for r in recordings]))
        free, offset = [], 0
        for recording in recordings:
            kept_out = np.zeros(len(recording), dtype=bool)
            if without is not None:
                kept_out = folds(recording, settings) == without
            # a window may start where the memory is reset, but not extend across such a place
            bad = np.concatenate([[0], np.cumsum(recording.starts | kept_out)])
            last = max(0, len(recording) - self.length + 1)
            inside = bad[self.length : self.length + last] - bad[1 : 1 + last]
            free.append(offset + np.flatnonzero((inside == 0) & ~kept_out[:last]))
            offset += len(recording)
        self.starts = np.concatenate(free)
        if not len(self.starts):
            raise ValueError(
                f'no window of {self.length} observations fits between the gaps and the parts '
                'held out for calibration: give a longer recording or a shorter horizon'
            )

    def used(self) -> np.ndarray:
        """The values that windows can contain, (N, p)."""
        seen = np.zeros(len(self.values) + 1, dtype=int)
        np.add.at(seen, self.starts, 1)
        np.add.at(seen, self.starts + self.length, -1)
        return self.values.numpy()[np.cumsum(seen)[:-1] > 0]

    def __call__(self, update: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Values (B, L, p) and elapsed (B, L, 1) of one update."""
        rng = np.random.default_rng([self.settings.seed, update])
        return self.at(rng.choice(self.starts, self.settings.batch))

    def at(self, starts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        places = torch.from_numpy(starts[:, None] + np.arange(self.length))
        return self.values[places], self.elapsed[places][..., None]


def scales(windows: Windows, contract: Contract) -> tuple[Normalizer, torch.Tensor]:
    """Normaliser, and the root mean squared error of persistence at 0 … H steps, (H + 1, p).

    Held terms are not predicted: their change is 0.
    """
    seen = windows.used().astype(np.float64)
    std = seen.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    rng = np.random.default_rng(0)
    chosen = rng.choice(windows.starts, min(len(windows.starts), 512), replace=False)
    values, _ = windows.at(chosen)
    moved = values[:, windows.settings.burn_in :] - values[:, windows.settings.burn_in, None]
    errors = np.maximum(moved.double().square().mean(0).sqrt().numpy(), _FLOOR * std)
    one = (values[:, 1:] - values[:, :-1]).double().square().mean((0, 1)).sqrt().numpy()
    change = np.zeros_like(std)
    measured = list(contract.measured)
    change[measured] = np.maximum(one, 1e-3 * std)[measured]
    return Normalizer(seen.mean(axis=0), std, change), torch.from_numpy(errors).float()


def build(settings: RecordedSettings, contract: Contract, normalizer: Normalizer) -> Predictor:
    """A predictor with the given cell, sized closest to the parameter budget."""

    def made(width: int) -> Predictor:
        about = ModelSettings(
            settings.cell, width, cell_settings=cell_settings(settings.cell, width)
        )
        return Predictor(about, normalizer)

    torch.manual_seed(settings.seed)
    width = width_for(lambda w: parameters(made(w)), settings.budget)
    torch.manual_seed(settings.seed)
    return made(width)


def free_run(
    model: Predictor,
    values: torch.Tensor,
    elapsed: torch.Tensor,
    burn_in: int,
    measured: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One-step predictions while the recording is seen, then free-running predictions.

    Args:
        values: recorded, (B, L, p).
        elapsed: (B, L, 1).
        burn_in: observations that are seen before the model runs freely.
        measured: channels that the model predicts, (p,) bool; the others stay as recorded.

    Returns:
        One-step predictions of observations 1 … burn_in (B, burn_in, p), and free-running
        predictions of burn_in + 1 … L − 1 (B, H, p), the first of which is the last one-step
        prediction.
    """
    seen, state = model(values[:, : burn_in + 1], elapsed[:, : burn_in + 1])
    alone = [seen[:, -1]]
    for step in range(burn_in + 1, values.shape[1] - 1):
        x = torch.where(measured, alone[-1], values[:, step])
        out, state = model(x[:, None], elapsed[:, step, None], state)
        alone.append(out[:, 0])
    return seen[:, :-1], torch.stack(alone, dim=1)


def train_predictor(
    settings: RecordedSettings,
    recordings: Sequence[Recording],
    contract: Contract,
    path: Path,
    report: Callable[[float, str], None],
    without: int | None = None,
) -> Predictor:
    """Train to the end, resuming from the checkpoint at ``path`` if there is one.

    Args:
        settings: settings of the training; everything random follows from the seed.
        recordings: recordings with the given contract.
        contract: everything that is sensed.
        path: checkpoint file (.safetensors), written at intervals.
        report: called with the share done and a text.
        without: fold to leave out for calibration; None to use all data.

    Raises:
        NotFiniteError: a loss or gradient is not finite.
        ValueError: the checkpoint is broken or has other settings, or no window fits.
    """
    windows = Windows(recordings, settings, without)
    normalizer, errors = scales(windows, contract)
    model = build(settings, contract, normalizer)
    measured = torch.zeros(contract.sensed_size, dtype=torch.bool)
    measured[list(contract.measured)] = True
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    data = [recording.sha256 for recording in recordings]
    origin = {**settings.to_dict(), 'without': without, 'data': data, 'contract': contract.hash}
    about: dict[str, Any] | None = checkpoint.restore(path, model, optimizer, origin)
    if about is None:
        about = {'origin': origin, 'done': 0, 'loss': []}
    for update in range(about['done'], settings.updates):
        for group in optimizer.param_groups:
            group['lr'] = _learning_rate(settings, update)
        loss = _loss(model, windows(update), settings.burn_in, measured, errors)
        context = f'update {update + 1}'
        if not torch.isfinite(loss):
            raise NotFiniteError(
                f'{context}: the loss is {float(loss.detach())}: the training diverged; '
                f'try a learning rate below {settings.learning_rate:g}'
            )
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(model, 1.0, context)
        optimizer.step()
        about['loss'].append(round(float(loss.detach()), 6))
        report((update + 1) / settings.updates, f'error over persistence {about["loss"][-1]:.3f}')
        if (update + 1) % settings.every == 0 or update + 1 == settings.updates:
            about['done'] = update + 1
            checkpoint.save(path, model, optimizer, about)
    return model


def _loss(model, batch, burn_in, measured, errors) -> torch.Tensor:
    """Mean squared error relative to persistence, half from one step and half from all horizons."""
    values, elapsed = batch
    seen, alone = free_run(model, values, elapsed, burn_in, measured)
    one = (seen - values[:, 1 : burn_in + 1]) / errors[1]
    many = (alone - values[:, burn_in + 1 :]) / errors[1:]
    return 0.5 * (one[..., measured].square().mean() + many[..., measured].square().mean())


def _learning_rate(settings: RecordedSettings, update: int) -> float:
    share = warm_cosine(update, settings.updates, 0.05 * settings.updates)
    return settings.learning_rate * share
