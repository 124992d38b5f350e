"""What a policy node reports about itself: counters, latency, memory, bundle."""

import math

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray

from liquid_control.control.controller import Command, Controller
from liquid_control.control.gate import Reason
from liquid_control.evaluation.cost.resident import resident_mb
from liquid_control.nodes.wire import diagnostic, diagnostics

_WINDOW = 4096


class PolicyStatus:
    """Collects step times and builds the status message."""

    def __init__(self, name: str, controller: Controller):
        self._name, self._controller = name, controller
        self._step_s = np.zeros(_WINDOW, dtype=np.float32)
        self._count = 0
        self._stale = False

    def add(self, command: Command) -> None:
        """Take in the answer to an observation."""
        self._stale = Reason.SENSOR_STALE in command.reasons
        if command.used:
            self._step_s[self._count % _WINDOW] = command.step_s
            self._count += 1

    def message(
        self, *, active: bool, problem: str | None, waiting: str | None, warning: str | None,
        **more: str,
    ) -> DiagnosticArray:  # fmt: skip
        """Build the status.

        Args:
            active: whether the node is active.
            problem: what is wrong although it is not stopped.
            waiting: what it waits for before it drives.
            warning: what else the operator should know.
            more: further values.
        """
        bundle = self._controller.runner.bundle
        taken = self._step_s[: min(self._count, _WINDOW)]
        p50, p99 = np.percentile(taken, (50, 99)) * 1e6 if taken.size else (math.nan,) * 2
        values = {
            'policy': bundle.path.stem if bundle.path else bundle.cell,
            'cell': bundle.cell,
            'bundle_sha256': bundle.sha256,
            'parameters': bundle.counts.get('parameters', ''),
            'active': active,
            'stopped': self._controller.stopped or '',
            'steps': 0,
            'step_p50_us': f'{p50:.2f}',
            'step_p99_us': f'{p99:.2f}',
            'resident_mb': f'{resident_mb():.1f}',
            **more,
            **self._controller.counts,
        }
        if self._controller.stopped:
            problem = f'stopped: {self._controller.stopped}'
        state = 'running'
        if not active:
            state = 'inactive'
        elif self._stale:
            limit = self._controller.robot.freshness
            state = f'no usable reading younger than {limit:g} s: are the clocks synchronised?'
        elif waiting:
            state = waiting
        elif warning:
            state = warning
        status = diagnostic(
            f'{self._name}: policy', self._controller.robot.robot, problem or '', values,
            state, warn=active and state != 'running',
        )  # fmt: skip
        return diagnostics(status)
