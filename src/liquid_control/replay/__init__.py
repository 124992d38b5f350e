"""Policies over recorded bags: passes, results, free runs, the trust alarm; needs no torch.

Names are imported when they are used, because a node with a trust alarm reads no bags.
"""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.replay.alarm import Alarm, Calibration, calibrate
    from liquid_control.replay.evaluator import Evaluator
    from liquid_control.replay.fleet import replay_recording
    from liquid_control.replay.free_run import FreeRunner, FreeRuns
    from liquid_control.replay.live import LiveAccuracy, LiveAlarm
    from liquid_control.replay.passes import Listener, PassSummary, play
    from liquid_control.replay.results import replay_policies
    from liquid_control.replay.trace import replay

__all__ = [
    'Alarm',
    'Calibration',
    'Evaluator',
    'FreeRunner',
    'FreeRuns',
    'Listener',
    'LiveAccuracy',
    'LiveAlarm',
    'PassSummary',
    'calibrate',
    'play',
    'replay',
    'replay_policies',
    'replay_recording',
]
__getattr__ = lazy_names(
    __name__,
    {
        'alarm': ('Alarm', 'Calibration', 'calibrate'),
        'evaluator': ('Evaluator',),
        'fleet': ('replay_recording',),
        'free_run': ('FreeRunner', 'FreeRuns'),
        'live': ('LiveAccuracy', 'LiveAlarm'),
        'passes': ('Listener', 'PassSummary', 'play'),
        'results': ('replay_policies',),
        'trace': ('replay',),
    },
)
