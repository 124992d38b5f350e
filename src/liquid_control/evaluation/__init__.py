"""Evaluation in closed loop and of recorded runs: episodes, suites, scores, metrics, statistics.

Names are imported when they are used, because robots and nodes that record do without MuJoCo.
"""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.evaluation.batch.measure import measure_all
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
    'measure_all',
    'run_episodes',
    'score',
    'teacher_return',
]
__getattr__ = lazy_names(
    __name__,
    {
        'batch.measure': ('measure_all',),
        'closed_loop': ('Results', 'measure', 'score', 'teacher_return'),
        'episodes': ('Episode', 'run_episodes'),
        'statistics': ('Interval', 'interquartile_mean', 'interval'),
        'suite': ('SCORES', 'SUITES', 'Suite'),
    },
)
