"""Who drives while a policy is in shadow mode: what was sent becomes its previous action."""

import numpy as np
from std_msgs.msg import Float64MultiArray

from liquid_control.control.controller import Controller
from liquid_control.control.topics import answered_stamp

_KEPT = 64


class Driver:
    """Tells a policy what was sent in answer to each observation, whichever arrives first.

    A command that names no observation counts as sent from when it arrives until the next command
    arrives. One that names an observation that others have followed already counts as sent when it
    arrives. One of the wrong size or with a non-finite value is ignored and counted.
    """

    def __init__(self, controller: Controller):
        self._controller = controller
        self._size = controller.robot.action_size
        self._max_gap_ns = round(controller.robot.max_gap * 1e9)
        self._early: dict[int, np.ndarray] = {}
        self._last: int | None = None
        self._held: np.ndarray | None = None

    def on_command(self, message: Float64MultiArray) -> None:
        values = np.array(message.data, dtype=np.float32)
        if values.shape != (self._size,) or not np.isfinite(values).all():
            self._controller.events['commands_refused'] += 1
            return
        stamp = answered_stamp(message) or None  # a stop answers no observation: 0
        self._held = values if stamp is None else None
        if stamp is None or self._late(stamp):
            self._controller.runner.sent(values)
        else:
            self._early[stamp] = values
            if len(self._early) > _KEPT:
                del self._early[next(iter(self._early))]

    def _late(self, stamp: int) -> bool:
        """Whether an observation is the last one or one just before it, by the same clock."""
        return self._last is not None and 0 <= self._last - stamp <= self._max_gap_ns

    def answered(self, stamp_ns: int) -> None:
        """Note that the policy answered an observation; what was sent replaces its command."""
        self._last = stamp_ns
        sent = self._early.pop(stamp_ns, self._held)
        if sent is not None:
            self._controller.runner.sent(sent)
