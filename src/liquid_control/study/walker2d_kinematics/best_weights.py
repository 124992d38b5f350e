"""The weights of the best causal model, as a file, and the errors that they reach."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control import paths
from liquid_control.models import Normalizer, parameters
from liquid_control.provenance import provenance
from liquid_control.study.evaluate import error
from liquid_control.study.run import Run
from liquid_control.study.walker2d_kinematics.best_model import BestPredictor, BestSettings
from liquid_control.study.walker2d_kinematics.dataset import CHANNELS, Protocol
from liquid_control.training import checkpoint

WHAT = 'best causal predictor of Walker2d kinematics'


def shipped() -> Path:
    """The file that ships."""
    return paths.share() / 'sim' / 'walker2d' / 'kinematics' / 'best.safetensors'


def write(path: Path, model: BestPredictor, run: Run, data_sha256: str) -> None:
    """Write weights and scales, with the settings of the model, the run and the command."""
    about = {
        'what': WHAT,
        'settings': model.settings.to_dict(),
        'run': run.to_dict(),
        'data_sha256': data_sha256,
        'provenance': provenance(seed=run.seed),
    }
    checkpoint.write(path, model.state_dict(), about)


def read(path: Path) -> tuple[BestPredictor, dict[str, Any]]:
    """The model in a file, and what is known about it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else, or its weights do not fit its settings.
    """
    paths.existing(path, 'weights')
    expected = f'{path}: expected the weights of the {WHAT}, as the study writes them'
    try:
        tensors, about = checkpoint.read(path) or ({}, {})
    except ValueError:
        raise ValueError(f'{expected}; found no safetensors file of this package') from None
    if about.get('what') != WHAT:
        raise ValueError(f'{expected}; found another safetensors file')
    scales = Normalizer(*np.ones((3, CHANNELS)))
    try:
        model = BestPredictor(BestSettings(**about['settings']), scales)
        model.load_state_dict(tensors)
    except (RuntimeError, TypeError, KeyError) as error:
        raise ValueError(f'{path}: the weights do not fit their settings: {error}') from None
    return model, about


def evaluate(path: Path, windows: Protocol) -> dict[str, Any]:
    """Errors of the weights in a file by the protocol, with their SHA-256 and origin."""
    model, about = read(path)
    return {
        'test_mse': error(model, windows.test),
        'validation_mse': error(model, windows.validation),
        'parameters': parameters(model),
        'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'trained': {key: about[key] for key in ('run', 'data_sha256', 'provenance')},
    }
