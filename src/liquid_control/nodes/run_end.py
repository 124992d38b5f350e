"""When a recorded run is over, and what may still be on its way then."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from liquid_control.control.topics import EPISODE, PREDICTION, SHADOW
from liquid_control.nodes.live_run import LiveRun

if TYPE_CHECKING:
    from liquid_control.nodes.monitor_settings import MonitorSettings

_LONGEST_LOOP_S = 0.5
"""Most of one loop that counts as silence: this process itself may have been suspended."""
_QUIET_S = 0.3
_REPAIR_S = 4.0
"""Silence after which nothing more will come: Fast DDS repairs losses at its 3 s heartbeat."""


class RunEnd:
    """Decides when a run is over.

    Attributes:
        received_at: when a message last came that tells of the run, steady, in s; None before the
            first.

    Args:
        settings: parameters of the monitor.
        live: what is known of the run.
        counts: topic → messages received.
        every_step: topics, besides the predictions, of which every step has a message.
        clock: returns the time in s; steady.
    """

    def __init__(
        self,
        settings: 'MonitorSettings',
        live: LiveRun,
        counts: Mapping[str, int],
        every_step: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._settings, self._live, self._counts = settings, live, counts
        self._every_step = (PREDICTION, *every_step)
        self._clock = clock
        self._began = self._now = clock()
        self._silent = 0.0
        self.received_at: float | None = None

    def take(self, streamed: bool, clock: bool) -> None:
        """Take note of what has come.

        Args:
            streamed: whether a message came of a topic that is silent when nothing happens.
            clock: whether ``/clock`` came: it is still published, unchanged, during a pause.
        """
        if streamed:
            self.received_at = self._clock()
        if streamed or clock:
            self._silent = 0.0

    def why(self) -> str | None:
        """Why the run is over: ``done``, or a problem; None while it is not. Ask in every loop."""
        before, self._now = self._now, self._clock()
        self._silent += min(self._now - before, _LONGEST_LOOP_S)
        passed, settings = self._now - self._began, self._settings
        if self._live.last_row.get('done') or (settings.seconds and passed > settings.seconds):
            return 'done'
        if self._live.bag_ended is not None:
            return self._live.bag_ended
        if settings.mode == 'robot':
            return None
        if self.received_at is None:
            limit = settings.start_timeout
            return f'no message within {limit:g} s' if passed > limit else None
        if self._silent > settings.silence:
            source = 'recording' if settings.mode == 'replay' else 'simulation'
            return f'the {source} fell silent {self._silent:.1f} s ago: has it died?'
        return None

    def settled(self) -> bool:
        """Whether nothing more will come of a run that is done: it has been quiet, for longer if
        something is missing."""
        if self.received_at is None:
            return True
        quiet = self._clock() - self.received_at
        return quiet > (_REPAIR_S if self._lacking() else _QUIET_S)

    def _lacking(self) -> bool:
        """Whether any of the messages that every step should have are missing."""
        steps = self._counts[EPISODE] - len(self._live.withheld)
        if self._settings.mode == 'replay':
            steps = self._live.observed
        return any(self._counts[topic] < steps for topic in self._every_step)


def every_step(
    settings: 'MonitorSettings', command: str, sources: Sequence[str]
) -> tuple[str, ...]:
    """Topics of which every step of a run has a message.

    Args:
        settings: parameters of the monitor.
        command: topic of the commands.
        sources: topics that the policy reads.
    """
    return (SHADOW,) if settings.mode == 'replay' else (command, *sources)
