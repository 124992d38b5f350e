"""Stops a robot when something is wrong, and says how things are."""

import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.impl.rcutils_logger import RcutilsLogger

from liquid_control.nodes.checks import Checks
from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.outlet import Outlet

PERIOD_S = 0.02
"""Longest time between two calls of :meth:`PolicyGuard.watch`."""
_STATUS_PERIOD_S = 0.5


class PolicyGuard:
    """Watches one policy that drives; its own thread calls :meth:`watch`.

    Args:
        hosted: the policy.
        outlet: the way out for its commands.
        checks: what is measured against the contract.
        neighbours: who else is on the topics.
        publish: publishes a status.
        log: the node's log.
        arm: full name of the service that lets it drive again.
        facts: further values of the status.
    """

    def __init__(
        self,
        hosted: HostedPolicy,
        outlet: Outlet,
        checks: Checks,
        neighbours: Neighbours,
        publish: Callable[[DiagnosticArray], None],
        log: RcutilsLogger,
        arm: str,
        facts: dict[str, str],
    ):
        self._hosted, self._outlet = hosted, outlet
        self.checks, self._neighbours = checks, neighbours
        self._publish, self._log = publish, log
        self._arm, self._facts = arm, facts
        self._published_at = 0.0

    def watch(self) -> None:
        """Stop a robot that is driven blindly, and keep safe action and status coming."""
        why = self._outlet.alarm()
        if why is None and self._outlet.driving:
            why = self.checks.prohibited()
        self.stop_if(why)
        self._outlet.repeat()
        self.report(_STATUS_PERIOD_S + PERIOD_S)
        self._neighbours.look()

    def stop_if(self, why: str | None) -> None:
        """Stop the robot for a reason, if there is one."""
        if why is not None and self._outlet.stop(why, unless_silent=True):
            self.say_stopped()

    def stop(self, why: str) -> str:
        """Stop the robot because someone asks for it; return what to answer."""
        if not self._outlet.active:
            return 'not active'
        if self._outlet.stop(why):
            self.say_stopped()
        return f'stopped; {self._arm} lets it drive again'

    def arm(self) -> str | None:
        """Let the policy drive again; return why it must not, or None."""
        self._hosted.overload.restart()
        if not self._outlet.active:
            return 'not active: activate the node first'
        if self._outlet.driving:
            return 'already driving'
        if why := self.checks.prohibited():
            return f'not armed: {why}'
        self._outlet.arm()
        return None

    def end(self, why: str) -> None:
        """End driving: send the safe action, and see that it arrives."""
        drove, problem = self._outlet.end(why)
        if problem:
            self._log.error(problem)
        if drove:
            self._log.info(f'ended: {why}')
            self.report()

    def say_stopped(self) -> None:
        """Log and publish that the policy is stopped."""
        line = f'stopped: {self._hosted.controller.stopped}; {self._arm} lets it drive again'
        if self._outlet.simulated and self._neighbours.clock_gone():
            self._log.info(f'{line} (nobody publishes /clock any more: the simulation has ended)')
        else:
            self._log.error(line)
        self.report()

    def report(self, after_s: float = 0.0) -> None:
        """Publish the status, if the last one is more than ``after_s`` seconds old."""
        now = time.monotonic()
        if now - self._published_at <= after_s:
            return
        self._published_at = now
        message = self._hosted.status.message(
            active=self._outlet.active,
            problem=self.checks.found(),
            waiting=self._outlet.waiting,
            warning=self.checks.warning(),
            rate_hz=f'{self._hosted.rate.measured:.1f}',
            **self._facts,
        )
        self._publish(message)

    def answered(self) -> None:
        """Publish the status between two observations, when it is due."""
        self.report(_STATUS_PERIOD_S)
