"""Evaluation in closed loop and of recorded runs: episodes, suites, scores, metrics, statistics.

Names are imported when they are used, because robots and nodes that record do without MuJoCo.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid_control.evaluation.closed_loop import Results, measure, score, teacher_return
    from liquid_control.evaluation.episodes import Episode, run_episodes
    from liquid_control.evaluation.statistics import Interval, interquartile_mean, interval
    from liquid_control.evaluation.suite import SCORES, SUITES, Suite

__all__ = [
    'SCORES',
    'SUITES',
    'Episode',
    'Interval',
    'Results',
    'Suite',
    'interquartile_mean',
    'interval',
    'measure',
    'run_episodes',
    'score',
    'teacher_return',
]
_MODULES = {
    'closed_loop': ('Results', 'measure', 'score', 'teacher_return'),
    'episodes': ('Episode', 'run_episodes'),
    'statistics': ('Interval', 'interquartile_mean', 'interval'),
    'suite': ('SCORES', 'SUITES', 'Suite'),
}
"""Module → the public names that it defines."""


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f'{__name__}.{module}'), name)
    raise AttributeError(f'module {__name__} has no attribute {name}')
