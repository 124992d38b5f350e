"""Publish a predictor as a bundle: trained on recordings, calibrated on held-out parts."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from liquid_control.bags.recording import Recording
from liquid_control.control.bundle import PREDICTOR, Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import range_of_means
from liquid_control.control.runtime import PolicyRunner
from liquid_control.models import PredictorStep
from liquid_control.replay.alarm import Calibration, calibrate, check_blocks
from liquid_control.replay.free_run import FreeRunner, FreeRuns
from liquid_control.training.export import export_bundle
from liquid_control.training.predictor.train import RecordedSettings, parts, train_predictor

WINDOW_S = 0.7
"""Time over which an alarm averages, in seconds: more than one step of a gait."""
FREE_RUNS_HZ = 50.0
"""Maximum number of free runs per second."""
_PIECE = 1000
"""Observations that are stepped through and run freely from at a time."""


def publish_predictor(
    path: Path,
    settings: RecordedSettings,
    recordings: Sequence[Recording],
    contract: Contract,
    checkpoints: Path,
    report: Callable[[float, str], None],
    rate: float | None = None,
) -> Bundle:
    """Train on recordings and write a bundle with a calibrated alarm.

    For every fold, a model is trained without it and predicts it; the alarm's threshold is set
    from those errors. Free runs whose targets reach over two parts are left out: the model of the
    later part was trained on the earlier one. The model in the bundle is trained on all the data.

    Args:
        path: bundle to write.
        settings: settings of the training.
        recordings: normal operation only.
        contract: everything that is sensed, without ``previous_action``.
        checkpoints: folder for checkpoints; an interrupted training resumes from them.
        report: called with the share done and a text.
        rate: false alarms per minute allowed by the alarm's threshold; None: the lowest rate for
            which the recordings are long enough.

    Raises:
        NotFiniteError: a training diverged.
        ValueError: too little data, or a checkpoint of another training.
    """
    check_blocks(_blocks(settings, recordings, contract))
    checkpoints.mkdir(parents=True, exist_ok=True)
    runs = [*range(settings.folds), None]
    models = []
    for index, without in enumerate(runs):
        name = 'all' if without is None else f'without-{without}'

        def part(share: float, text: str, index=index, name=name) -> None:
            report((index + share) / len(runs), f'{name}: {text}')

        file = checkpoints / f'{name}.safetensors'
        models.append(train_predictor(settings, recordings, contract, file, part, without))
    calibration = _calibration(models[:-1], settings, recordings, contract, rate)
    return _export(
        path, models[-1], settings, contract, {'alarm': calibration.to_dict()},
        trained_elapsed=_elapsed(recordings),
        recordings=[
            {
                'name': r.name,
                'seconds': round(float(r.seconds[-1]), 3),
                'observations': len(r),
                'skipped': r.skipped,
                'damage': r.damage,
                'sha256': r.sha256,
            }
            for r in recordings
        ],
    )  # fmt: skip


def _elapsed(recordings: Sequence[Recording]) -> tuple[float, float] | None:
    """Range of the mean elapsed times in all stretches without gaps; None if all are short."""
    stretches = [
        piece
        for recording in recordings
        for piece in np.split(recording.elapsed, np.flatnonzero(recording.starts)[1:])
    ]
    ranges = [means for means in map(range_of_means, stretches) if means is not None]
    if not ranges:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _grid(contract: Contract) -> tuple[int, int]:
    """Observations from one free run to the next, and free runs in a window."""
    every = max(1, round(contract.rate / FREE_RUNS_HZ))
    return every, max(1, round(WINDOW_S * contract.rate / every))


def _blocks(settings: RecordedSettings, recordings: Sequence[Recording], contract: Contract) -> int:
    """Whole windows that the recordings will give to calibrate on, known before training."""
    every, window = _grid(contract)
    blocks = 0
    for recording in recordings:
        start = np.arange(0, len(recording) - settings.horizon, every)
        part, stretch = parts(recording, settings), np.cumsum(recording.starts)
        whole = stretch[start] == stretch[start + settings.horizon]
        held_out = part[start + 1] == part[start + settings.horizon]
        free_runs = np.bincount(stretch[start[whole & held_out]])
        blocks += int((np.maximum(free_runs - window + 1, 0) // window).sum())
    return blocks


def _calibration(models, settings, recordings, contract, rate) -> Calibration:
    every, window = _grid(contract)
    runners = [_runner(model, settings, contract) for model in models]
    pieces, squares = [], []
    for recording in recordings:
        by_model = [free_runs_over(each, recording, settings.horizon, every) for each in runners]
        part = parts(recording, settings)
        for free_runs in zip(*by_model, strict=True):
            stamps = free_runs[0].stamps
            first, last = (part[np.searchsorted(recording.stamps, stamps[:, k])] for k in (0, -1))
            fold, held_out = last % settings.folds, first == last
            errors = np.array([r.errors for r in free_runs])[fold, np.arange(len(stamps))]
            pieces.append((stamps[:, -1], errors.mean(axis=1), held_out))
            squares.append(errors[held_out, -1] ** 2)
    band = np.sqrt(np.concatenate(squares).mean(axis=0))
    return calibrate(
        contract, pieces, horizon=settings.horizon, every=every, window=window, band=band, rate=rate
    )


def free_runs_over(
    runner: PolicyRunner, recording: Recording, horizon: int, every: int
) -> list[FreeRuns]:
    """Complete free runs over a recording, one object per stretch without gaps."""
    stretches: list[list[FreeRuns]] = []
    free_runs = FreeRunner(runner, lambda found: stretches[-1].append(found), horizon, every)
    begins = np.flatnonzero(recording.starts).tolist()
    nothing = np.zeros(runner.contract.action_size, dtype=np.float32)
    for begin, end in zip(begins, [*begins[1:], len(recording.stamps)], strict=True):
        stretches.append([])
        runner.reset()
        for first in range(begin, end, _PIECE):
            part = slice(first, min(first + _PIECE, end))
            values, elapsed = recording.values[part], recording.elapsed[part]
            course = runner.sequence(values, elapsed)
            free_runs.add(
                recording.stamps[part].tolist(), values, elapsed.tolist(), course.predictions,
                course.states, [nothing] * len(values),
            )  # fmt: skip
        free_runs.end()
    whole = [_whole(parts) for parts in stretches if parts]
    return [found for found in whole if len(found.stamps)]


def _whole(parts: list[FreeRuns]) -> FreeRuns:
    """The free runs of a stretch that reached their full horizon, joined."""
    names = ('stamps', 'passed', 'predicted', 'errors', 'persistence')
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    keep = np.isfinite(joined['errors']).all(axis=(1, 2))
    return FreeRuns(**{name: values[keep] for name, values in joined.items()})


def _runner(model, settings, contract) -> PolicyRunner:
    with tempfile.TemporaryDirectory() as folder:
        return PolicyRunner(_export(Path(folder) / 'fold.onnx', model, settings, contract, {}))


def _export(path, model, settings, contract, scores, **about) -> Bundle:
    return export_bundle(
        path,
        PredictorStep(model, contract).eval(),
        cell=settings.cell,
        settings={
            'network': PREDICTOR,
            'model': model.settings.to_dict(),
            'training': settings.to_dict(),
        },
        contract=contract,
        state_size=model.cell.state_size,
        judge=lambda draft: scores,
        seed=settings.seed,
        **about,
    )
