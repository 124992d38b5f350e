"""The trust alarm of one policy over a recording: its scores, its alarms, the time watched."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.replay.alarm import Alarm, Calibration, Event
from liquid_control.replay.free_run import FreeRuns
from liquid_control.replay.sums import Thinned


class AlarmWatch:
    """Feeds the free runs of a policy to its alarm.

    Args:
        contract: contract of the policy.
        calibration: calibration for its measured channels.

    Attributes:
        calibration: the same.
        scores: stamp in ns and score, evenly thinned.

    Raises:
        ValueError: the calibration has a different number of channels.
    """

    def __init__(self, contract: Contract, calibration: Calibration):
        self.calibration, self.scores = calibration, Thinned()
        self._alarm = Alarm(contract, calibration)
        self._step_ns = calibration.every * contract.period_ns
        self._watched_ns, self._scored_ns = 0, 0

    @property
    def events(self) -> Sequence[Event]:
        """The alarms so far."""
        return self._alarm.events

    def forget(self) -> None:
        """Clear the window, as the state of the policy is reset."""
        self._alarm.forget()
        self._scored_ns = 0

    def take(self, runs: FreeRuns) -> None:
        """Take in finished free runs; those that meet a gap before the horizon do not count."""
        ahead = self.calibration.horizon
        for row in np.flatnonzero(np.isfinite(runs.errors[:, ahead - 1]).all(axis=1)):
            stamp = int(runs.stamps[row, ahead - 1])
            score = self._alarm.take(stamp, runs.errors[row, :ahead].mean(axis=0))
            if score is not None:
                lasted = stamp - self._scored_ns if self._scored_ns else self._step_ns
                self._watched_ns += lasted
                self._scored_ns = stamp
                self.scores.add(stamp, score)

    def result(self) -> dict[str, Any]:
        """Return its figures as plain JSON."""
        calibration = self.calibration
        return {
            'threshold': calibration.threshold,
            'false_alarms_per_minute': calibration.rate,
            'calibrated_on_s': calibration.seconds,
            'extrapolated': calibration.extrapolated,
            'watched_s': self._watched_ns * 1e-9,
            'events': [
                {
                    'start_ns': event.start,
                    'end_ns': event.end,
                    'peak': event.peak,
                    'joints': dict(sorted(event.joints.items(), key=lambda item: -item[1])),
                }
                for event in self.events
            ],
        }
