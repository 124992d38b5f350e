"""Episodes of many worlds at once, equal to single ones to the last step.

Names are imported when they are used, since they need MuJoCo.
"""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.evaluation.batch.controller import BatchController
    from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
    from liquid_control.evaluation.batch.measure import measure_all
    from liquid_control.evaluation.batch.policy import BatchPolicy, BatchStepError

__all__ = [
    'BatchController',
    'BatchEpisodes',
    'BatchPolicy',
    'BatchStepError',
    'PlannedEpisode',
    'measure_all',
]
__getattr__ = lazy_names(
    __name__,
    {
        'controller': ('BatchController',),
        'episodes': ('BatchEpisodes', 'PlannedEpisode'),
        'measure': ('measure_all',),
        'policy': ('BatchPolicy', 'BatchStepError'),
    },
)
