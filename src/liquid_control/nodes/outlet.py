"""The only way out for commands: whether the robot is driven, and what it is sent."""

import threading
import time

from rclpy.duration import Duration
from rclpy.publisher import Publisher

from liquid_control.control.controller import Command
from liquid_control.control.gate import Reason
from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.node_clock import NodeClock
from liquid_control.nodes.watchdog import Watchdog

_REPEATS = 10
"""How often the safe action is repeated: nothing that follows would reveal its loss."""
_DELIVERY_S, _SLICE = 4.0, Duration(seconds=0.05)
"""Longest wait for acknowledgement. In lockstep it comes with a heartbeat, every 3 s in Fast DDS,
and a reader that lacks an earlier command delivers none of the later ones before."""


class Outlet:
    """Sends commands and the safe action, and decides under one lock which of them.

    The main thread sends what a policy answers; the guard's thread may stop the robot at any time,
    also in the middle of a step. Whoever stops it sends the safe action, and nothing follows but
    its repetitions. Nothing that may take long is done under the lock.

    Args:
        publisher: publisher of the commands.
        hosted: the policy.
        watchdog: is told of every answer.
        clock: the node's clock.
        lockstep: whether a simulation waits for every command.
    """

    def __init__(
        self,
        publisher: Publisher,
        hosted: HostedPolicy,
        watchdog: Watchdog,
        clock: NodeClock,
        lockstep: bool,
    ):
        self.active = False
        self.lock = threading.RLock()
        self._publisher, self._hosted, self.watchdog = publisher, hosted, watchdog
        self._controller = hosted.controller
        self._clock, self._lockstep = clock, lockstep
        self._stopped = False  # and whoever did has sent the safe action
        self._repeats = 0

    @property
    def simulated(self) -> bool:
        """Whether the node's clock is ``/clock``, as beside a simulation or a recording."""
        return self._clock.simulated

    @property
    def driving(self) -> bool:
        return self.active and self._controller.stopped is None

    @property
    def may_send(self) -> bool:
        """Whether anything may be sent: before the first fresh reading someone else may drive."""
        return self.watchdog.heard or self._lockstep

    @property
    def ready(self) -> bool:
        """Whether an observation may be answered: driving, by a clock that runs."""
        return self.driving and (self._lockstep or self.watchdog.clock_runs)

    @property
    def waiting(self) -> str | None:
        """What is still missing before it drives, or None."""
        if not (self._lockstep or self.watchdog.clock_runs):
            return 'no /clock: use_sim_time is true, and /clock shows no time that moves'
        return None if self.watchdog.heard else 'armed, but no observation yet'

    def arm(self) -> None:
        """Be ready to drive; the next observation is the first."""
        with self.lock:
            self._controller.reset()
            self._hosted.overload.restart()
            self.watchdog.arm()
            self._stopped, self._repeats = False, 0

    def age(self, stamp_ns: int) -> float:
        """Seconds from a stamp to now, below zero if it is ahead of the node's clock."""
        if self._lockstep:  # a simulation that waits is never late
            return 0.0
        age = (self._clock.now() - stamp_ns) * 1e-9
        if self._clock.simulated:
            self.watchdog.aged(age)
        return age

    def plausible(self, stamp_ns: int) -> bool:
        """Whether a stamp is near the node's clock; on ``/clock``, which may lag, any is."""
        near = abs(self._clock.now() - stamp_ns) * 1e-9 <= self._hosted.robot.freshness
        return self._clock.simulated or near

    def send(self, command: Command) -> bool:
        """Send what the policy answers; return whether it has stopped itself with that.

        The last thing before a command leaves: whether somebody has stopped the robot meanwhile,
        and the age of the reading that it answers, as after the process was suspended.
        """
        message = self._hosted.command(command)
        with self.lock:
            if self._stopped:
                return False
            if self._too_late(command):
                command = self._controller.withdraw(command)
                message = self._hosted.command(command)
            stale = bool(command.reasons & (Reason.SENSOR_STALE | Reason.OFF_THE_CLOCK))
            self.watchdog.answered(command.used, stale)
            if self.may_send:
                self._publisher.publish(message)
            if self._controller.stopped is None:
                return False
            self._stopped, self._repeats = True, _REPEATS
            return True

    def _too_late(self, command: Command) -> bool:
        limit = self._hosted.robot.freshness
        if self._lockstep or command.reasons & Reason.SENSOR_STALE:
            return False
        if command.used:
            return abs(self.age(command.stamp_ns)) > limit
        return not self._clock.simulated and self._controller.used_age > limit

    def alarm(self) -> str | None:
        """Why the watchdog wants the robot stopped now, or None."""
        with self.lock:
            if self._clock.simulated:
                self.watchdog.tick(self._clock.now())
            return self.watchdog.alarm() if self.driving else None

    def stop(self, why: str, unless_silent: bool = False) -> bool:
        """Send the safe action, to be repeated, and nothing else until armed again.

        Args:
            why: the reason.
            unless_silent: send nothing if nothing was sent yet.

        Returns:
            Whether it was driving until now.
        """
        with self.lock:
            if not self.driving:
                return False
            self._controller.stop(why)
            self._stopped = True
            if not unless_silent or self.may_send:
                self._repeats = _REPEATS
                self._publisher.publish(self._hosted.safe())
            return True

    def repeat(self) -> None:
        """Repeat the safe action, if it is still to be repeated."""
        with self.lock:
            if self.active and self._repeats:
                self._repeats -= 1
                self._publisher.publish(self._hosted.safe())

    def end(self, why: str) -> tuple[bool, str | None]:
        """Stop, see that the safe action arrives, and be inactive.

        Returns:
            Whether it was driving until now, and what went wrong, if anything.
        """
        with self.lock:
            drove, repeating = self.driving, self.active and self._repeats > 0
            if drove:
                self._controller.stop(why)
            self._stopped, self._repeats = True, 0
        deliver = repeating or (drove and self.may_send)
        problem = self._deliver_safe() if deliver else None
        self.active = False
        return drove, problem

    def _deliver_safe(self) -> str | None:
        """Repeat the safe action until all who listen reliably have it, within a limit."""
        end = time.monotonic() + _DELIVERY_S
        while True:
            self._publisher.publish(self._hosted.safe())
            if self._publisher.wait_for_all_acked(_SLICE):
                return None
            if time.monotonic() > end:
                return (
                    f'{self._publisher.topic_name}: a subscriber has not acknowledged the safe '
                    f'action within {_DELIVERY_S:g} s'
                )
