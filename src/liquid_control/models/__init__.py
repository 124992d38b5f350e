"""Models around a cell, in torch: a policy, and predictors of the next observation.

What runs is the exported step of either, :class:`StepModel` and :class:`PredictorStep`.
"""

from liquid_control.models.policy import BUDGET, ModelSettings, PolicyModel, StepModel
from liquid_control.models.predictor import Predictor, PredictorStep, RawPredictor
from liquid_control.models.sizing import Normalizer, cell_settings, parameters, width_for

__all__ = [
    'BUDGET',
    'ModelSettings',
    'Normalizer',
    'PolicyModel',
    'Predictor',
    'PredictorStep',
    'RawPredictor',
    'StepModel',
    'cell_settings',
    'parameters',
    'width_for',
]
