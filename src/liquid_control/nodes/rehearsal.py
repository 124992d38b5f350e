"""Keep the path from observation to command warm between two observations.

After a processor has slept for most of a period, a step's code and weights are no longer in its
caches: the first use after that costs ten times the next. So a twin of the controller runs the
same path a few times per period, on a copy of each topic's first message, and publishes nothing.
"""

import copy
import math
import time
from typing import Any

from liquid_control.control.commands import CommandCodec
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.observe import Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.nodes.wire import message_type, set_stamp

_TIMED = 10
_SHARE = 0.25
_FASTEST_HZ = 250.0
"""Rate above which rehearsals do not pay: the processor hardly sleeps, and they get in the way."""


def affordable(runner: PolicyRunner, most: int) -> int:
    """How many rehearsals pay: all steps together take a quarter of a period at most.

    Above 250 Hz none does: measured at 125, 250 and 500 Hz, see docs/nodes.md.

    Args:
        runner: the policy, which is reset.
        most: largest number of interest.
    """
    if runner.contract.rate > _FASTEST_HZ:
        return 0
    shortest = math.inf
    for _ in range(_TIMED):
        started = time.perf_counter()
        runner.warm_up(1)
        shortest = min(shortest, time.perf_counter() - started)
    return max(0, min(most, int(_SHARE / (shortest * runner.contract.rate)) - 1))


class Rehearsal:
    """A policy's step without consequences: its state and counters are separate.

    Args:
        runner: the policy.
        robot: contract of the robot.
        codec: makes the commands.
    """

    def __init__(self, runner: PolicyRunner, robot: Contract, codec: CommandCodec):
        self._controller = Controller(runner.twin(), robot)
        self._observer = Observer(runner.contract.on(robot))
        self._codec, self._message = codec, codec.empty(message_type)
        self._period_ns = runner.contract.period_ns
        self._messages: dict[str, Any] = {}
        self._stamp = 0

    def learn(self, topic: str, message: Any) -> None:
        """Take the first message of each topic as the one to rehearse with."""
        if topic not in self._messages:
            self._messages[topic] = copy.deepcopy(message)

    def __call__(self) -> None:
        """Run the path once; do nothing if not every topic has been received."""
        self._stamp += self._period_ns
        for topic, message in self._messages.items():
            if hasattr(message, 'header'):
                set_stamp(message, self._stamp)
            observed = self._observer.update(topic, message)
            if observed is not None:
                command = self._controller.step(*observed)
                self._codec.fill(self._message, command.stamp_ns, command.action)
