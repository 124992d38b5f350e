"""Training of a predictor on recordings, over the horizons at which it will be judged.

In each window the model first sees what was recorded, then goes on with its own predictions: held
terms (commands) as recorded, all else as it foretold. The error at k steps is measured in that of
persistence at k steps, so that every horizon and every channel counts alike.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from liquid_control.bags.recording import Recording
from liquid_control.control.contract import Contract
from liquid_control.models import ModelSettings, Normalizer, cell_settings, parameters, width_for
from liquid_control.predictor import Predictor
from liquid_control.training import checkpoint
from liquid_control.training.finite import NotFiniteError, clip_gradients
from liquid_control.training.schedule import warm_cosine

_FLOOR = 0.02
"""Least scale of a channel's error, in its standard deviation."""


@dataclass(frozen=True)
class RecordedSettings:
    """How a predictor is trained on recordings."""

    cell: str
    seed: int = 0
    updates: int = 300
    learning_rate: float = 0.005
    batch: int = 32
    burn_in: int = 30
    """Steps in which the model sees what was recorded."""
    horizon: int = 50
    """Steps that it then goes on with its own predictions."""
    budget: int = 20_000
    """Parameters of the model."""
    block: float = 1.0
    """Seconds of the parts into which a recording is split for calibration; longer where two
    windows would not fit."""
    folds: int = 2
    """Models of which each is trained without every so manieth part, to calibrate on it."""
    every: int = 50
    """Updates between two checkpoints."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def folds(recording: Recording, settings: RecordedSettings) -> np.ndarray:
    """Which fold's model is trained without each observation, (T,) int."""
    period = 1e-9 * recording.period_ns
    length = max(settings.block, 2.0 * period * (settings.burn_in + settings.horizon + 1))
    part = np.floor(recording.seconds / length).astype(int)
    return part % settings.folds


class Windows:
    """Windows drawn anew for every update.

    Args:
        recordings: of one contract.
        settings: length of a window, batch, seed.
        without: fold whose parts no window may touch; None: all are used.

    Raises:
        ValueError: not one window fits.
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
            # a window may begin where memory starts anew, but not run over such a place
            bad = np.concatenate([[0], np.cumsum(recording.starts | kept_out)])
            last = max(0, len(recording) - self.length + 1)
            inside = bad[self.length : self.length + last] - bad[1 : 1 + last]
            free.append(offset + np.flatnonzero((inside == 0) & ~kept_out[:last]))
            offset += len(recording)
        self.starts = np.concatenate(free)
        if not len(self.starts):
            raise ValueError(
                f'not one window of {self.length} observations fits between the gaps and the '
                'parts kept for calibration: give a longer recording, or a shorter horizon'
            )

    def used(self) -> np.ndarray:
        """The values that windows can see, (N, p)."""
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
    """Normaliser, and persistence's error at 0 … H steps, (H + 1, p).

    What holds is not foretold: its change is 0.
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
    """A predictor of the cell within the budget of parameters."""

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
    """One-step predictions while the recording is seen, and those that feed on themselves.

    Args:
        values: recorded, (B, L, p).
        elapsed: (B, L, 1).
        burn_in: observations that are seen before the model goes on alone.
        measured: which channels it foretells, (p,) bool; the others are as recorded.

    Returns:
        For observations 1 … burn_in (B, burn_in, p), and burn_in + 1 … L − 1 alone (B, H, p),
        whose first is the last one-step prediction.
    """
    seen, state = model(values[:, : burn_in + 1], elapsed[:, : burn_in + 1])
    alone = [seen[:, -1]]
    for place in range(burn_in + 1, values.shape[1] - 1):
        x = torch.where(measured, alone[-1], values[:, place])
        out, state = model(x[:, None], elapsed[:, place, None], state)
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
    """Train to the end, from the checkpoint at ``path`` where there is one.

    Args:
        settings: the seed decides everything random.
        recordings: of the contract.
        contract: what is sensed.
        path: checkpoint (.safetensors), written now and then.
        report: told the share done and a text.
        without: fold that is left out, to calibrate on it; None: all is used.

    Raises:
        NotFiniteError: a loss or gradient is not finite.
        ValueError: the checkpoint is broken or of other settings, or nothing can be drawn.
    """
    windows = Windows(recordings, settings, without)
    normalizer, errors = scales(windows, contract)
    model = build(settings, contract, normalizer)
    measured = torch.zeros(contract.sensed_size, dtype=torch.bool)
    measured[list(contract.measured)] = True
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    data = hashlib.sha256(windows.values.numpy().tobytes()).hexdigest()
    origin = {**settings.to_dict(), 'without': without, 'data': data, 'contract': contract.hash}
    about = checkpoint.restore(path, model, optimizer, origin)
    if about is None:
        about = {'origin': origin, 'done': 0, 'loss': []}
    for update in range(about['done'], settings.updates):
        for group in optimizer.param_groups:
            group['lr'] = _learning_rate(settings, update)
        loss = _loss(model, windows(update), settings.burn_in, measured, errors)
        place = f'update {update + 1}'
        if not torch.isfinite(loss):
            raise NotFiniteError(
                f'{place}: the loss is {float(loss.detach())}: the training diverged; '
                f'a learning rate below {settings.learning_rate:g} may help'
            )
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(model, 1.0, place)
        optimizer.step()
        about['loss'].append(round(float(loss.detach()), 6))
        report((update + 1) / settings.updates, f'error over persistence {about["loss"][-1]:.3f}')
        if (update + 1) % settings.every == 0 or update + 1 == settings.updates:
            about['done'] = update + 1
            checkpoint.save(path, model, optimizer, about)
    return model


def _loss(model, batch, burn_in, measured, errors) -> torch.Tensor:
    """Mean squared error over persistence's, half of one step, half of all horizons."""
    values, elapsed = batch
    seen, alone = free_run(model, values, elapsed, burn_in, measured)
    one = (seen - values[:, 1 : burn_in + 1]) / errors[1]
    many = (alone - values[:, burn_in + 1 :]) / errors[1:]
    return 0.5 * (one[..., measured].square().mean() + many[..., measured].square().mean())


def _learning_rate(settings: RecordedSettings, update: int) -> float:
    share = warm_cosine(update, settings.updates, 0.05 * settings.updates)
    return settings.learning_rate * share
