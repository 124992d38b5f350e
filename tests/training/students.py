"""Shared by tests of students: a small student, its teacher, and fast settings."""

import numpy as np
import torch
from support import STUDENT

from liquid_control import paths
from liquid_control.control import Bundle
from liquid_control.models import ModelSettings, Normalizer, PolicyModel, cell_settings
from liquid_control.training.student.conditions import Chance, Conditions
from liquid_control.training.student.fine_tuning import FineTuning
from liquid_control.training.student.settings import FineTuningSettings, StudentSettings

TEACHER = Bundle.read(paths.policy('expert', 'walker2d'))
UNIT = Normalizer(np.zeros(8), np.ones(8), np.full(8, 0.1))
ALL = Conditions(
    (Chance(0.5, ('gaussian:0.1',)), Chance(0.5, ('dropped:0.3',)), Chance(0.7, ('delay:2',)),
     Chance(0.5, ('jitter:0.25',))), ramp=0.0,
)  # fmt: skip
"""Every fault of readings and clock, often."""


def student(cell: str = 'cfc', width: int = 12, seed: int = 0) -> PolicyModel:
    torch.manual_seed(seed)
    settings = ModelSettings(cell, width, 8, cell_settings(cell, width), rates=cell != 'mlp')
    return PolicyModel(settings, STUDENT, UNIT)


def settings(cell: str = 'cfc', **changes) -> StudentSettings:
    small = {
        'rounds': 6, 'walkers': 8, 'steps': 12, 'updates': 2, 'batch': 8, 'burn_in': 4,
        'memory': 3, 'judge_every': 1, 'episodes': 2, 'checkpoint_every': 1,
        'fine_tuning': fine_tuning(rounds=0), 'readout': 0,
    }  # fmt: skip
    return StudentSettings(cell, **{**small, **changes})


def fine_tuning(**changes) -> FineTuningSettings:
    small = {
        'rounds': 4, 'warm_up': 1, 'walkers': 6, 'steps': 10, 'epochs': 2, 'batches': 2,
        'judge_every': 1, 'checkpoint_every': 1,
    }  # fmt: skip
    return FineTuningSettings(**{**small, **changes})


def tuning(folder, model=None, conditions=ALL, **changes):
    model = model or student('gru')
    whole = settings('gru', fine_tuning=fine_tuning(**changes), conditions=conditions, episodes=1)
    return FineTuning(whole, model, -1e9, folder, {}, [])
