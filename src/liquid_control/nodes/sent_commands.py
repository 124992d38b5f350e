"""What was sent while a policy is in shadow mode: it becomes the policy's previous action."""

from collections import deque
from typing import Any

import numpy as np

from liquid_control.control.commands import CommandError, CommandReader
from liquid_control.control.controller import Controller

_KEPT = 64


class SentCommands:
    """Tells a policy what was sent in answer to each observation, whichever arrives first.

    A command that names no observation counts as sent from when it arrives until the next command
    arrives. One that names an observation that others have followed already counts as sent when it
    arrives. One that cannot be read is ignored and counted.

    The stamp of a header may be the time of sending instead of an observation's: while stamps come
    that no observation has, commands count as naming none.

    Args:
        controller: the policy.
        reader: reads the commands.
    """

    def __init__(self, controller: Controller, reader: CommandReader):
        self._controller, self._reader = controller, reader
        self._max_gap_ns = round(controller.robot.max_gap * 1e9)
        self._early: dict[int, np.ndarray] = {}
        self._observed: deque[int] = deque(maxlen=_KEPT)
        self._held: np.ndarray | None = None
        self._names_none = False

    def on_command(self, message: Any) -> None:
        """Take in a command that was sent."""
        try:
            values = self._reader.read(message).astype(np.float32)
        except CommandError:
            self._controller.events['commands_refused'] += 1
            return
        stamp = self._reader.answered(message) or None  # a stop answers no observation: 0
        late = stamp is not None and self._late(stamp)
        if late and not self._reader.labelled:
            self._names_none = stamp not in self._observed
        named = stamp is not None and not self._names_none
        self._held = None if named else values
        if late or not named:
            self._controller.runner.sent(values)
        if stamp is not None and not late:
            self._early[stamp] = values
            if len(self._early) > _KEPT:
                del self._early[next(iter(self._early))]

    def _late(self, stamp: int) -> bool:
        """Whether an observation is the last one or one just before it, by the same clock."""
        return bool(self._observed) and 0 <= self._observed[-1] - stamp <= self._max_gap_ns

    def answered(self, stamp_ns: int) -> None:
        """Note that the policy answered an observation; what was sent replaces its command."""
        self._observed.append(stamp_ns)
        sent = self._early.pop(stamp_ns, None)
        if not self._reader.labelled:
            passed = [stamp for stamp in self._early if stamp < stamp_ns]
            self._names_none = sent is None and (self._names_none or bool(passed))
            for stamp in passed:
                del self._early[stamp]
        if sent is None:
            sent = self._held
        if sent is not None:
            self._controller.runner.sent(sent)
