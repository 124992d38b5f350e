"""Keeps the way from observation to command warm between two observations.

A processor that has slept for most of a period has forgotten the code and the weights of a step:
the first use after that costs ten times the next. So a twin of the controller walks the same way
a few times a period, on a copy of the last message, and publishes nothing.
"""

import copy
from typing import Any

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.observe import Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.nodes.wire import CommandMessage, set_stamp


class Rehearsal:
    """A policy's step without consequences: state and counters are its own."""

    def __init__(self, runner: PolicyRunner, robot: Contract):
        self._controller = Controller(runner.twin(), robot)
        self._observer = Observer(runner.contract)
        self._command = CommandMessage(robot.action_size)
        self._period_ns = runner.contract.period_ns
        self._messages: dict[str, Any] = {}
        self._stamp = 0

    def learn(self, topic: str, message: Any) -> None:
        """Take the first message of each topic as the one to rehearse with."""
        if topic not in self._messages:
            self._messages[topic] = copy.deepcopy(message)

    def __call__(self) -> None:
        """Walk the way once; nothing where not every topic has been heard."""
        self._stamp += self._period_ns
        for topic, message in self._messages.items():
            set_stamp(message, self._stamp)
            observed = self._observer.update(topic, message)
            if observed is not None:
                command = self._controller.step(*observed)
                self._command.fill(command.stamp_ns, command.action)
