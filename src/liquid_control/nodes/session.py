"""Life of a node's process: start, spin, and an orderly end when it is asked to end.

rclpy's own signal handling shuts down the context before a node can publish its last messages, so
signals are handled here: the loop ends, the node sends what it must, then the context shuts down.
"""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from liquid_control.nodes.log_lines import TAKEN
from liquid_control.nodes.name_guard import NameGuard
from liquid_control.nodes.priority import raise_priority

try:
    from rclpy.experimental import EventsExecutor as Executor
except ImportError:
    from rclpy.executors import SingleThreadedExecutor as Executor

N = TypeVar('N', bound=Node)

ERROR = 1
ASKED_TO_END = 'asked to end'
"""Why a policy ends that nothing went wrong with."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_DISCOVERY_S = 0.5
_DELIVERY_S, _LAST_DELIVERY_S, _SLICE = 30.0, 1.0, Duration(seconds=0.1)


class NodeError(RuntimeError):
    """A reason for a node to end, worded for the person who started it."""


class HelpAsked(Exception):  # noqa: N818 (it is no error)
    """Help was asked for; its text describes the node's parameters."""


def help_asked() -> bool:
    """Whether the command line asks for help."""
    return not {'-h', '--help'}.isdisjoint(_own_arguments())


def _own_arguments() -> list[str]:
    """What the command line has besides the executable and arguments for ROS."""
    return remove_ros_args(sys.argv)[1:]


class Session(Generic[N]):
    """One node and its executor, from start to end.

    ``stopping`` becomes true once the process has been asked to end.
    """

    def __init__(self, make: Callable[[], N]):
        self.stopping = False
        try:
            rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
        except RuntimeError as error:  # ROS cannot read the arguments or a parameter file
            raise NodeError(' '.join(str(error).split())) from None
        self.end_on(*_ENDING)
        self.node = make()
        self._guard: NameGuard | None = None
        self.executor = Executor()
        self.executor.add_node(self.node)

    def end_on(self, *numbers: signal.Signals) -> None:
        """Take these signals as the request to end; a hangup ignored by nohup stays ignored."""
        for number in numbers:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._stop)

    def _stop(self, number, frame) -> None:
        self.stopping = True

    def spin_once(self, timeout: float = 0.1) -> None:
        """Handle what has arrived, waiting for it for at most ``timeout`` seconds.

        Raises:
            NodeError: another node of this one's name was found after all.
        """
        self.executor.spin_once(timeout_sec=max(timeout, 0.0))
        if self._guard is not None and not self.stopping and self._guard.late():
            self._refuse_name()

    def spin_for(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Spin for a time, or until a condition holds or the process is asked to end.

        Returns whether the condition holds.
        """
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0 or self.stopping:
                return until()
            self.spin_once(min(left, 0.05))
        return True

    def deliver(self, *publishers: Publisher) -> None:
        """Wait, within limits, until everything that these publishers sent has arrived.

        The middleware repairs a lost message at its next heartbeat, up to 3 s later in Fast DDS,
        and only while its sender is alive. Much that was lost at once takes several heartbeats: a
        recorder that was suspended for 8 s has needed 9 s more. A process that was asked to end
        waits for one second only.
        """
        began, waiting = time.monotonic(), list(publishers)
        while True:
            waiting = [p for p in waiting if not p.wait_for_all_acked(_SLICE)]
            limit = _LAST_DELIVERY_S if self.stopping else _DELIVERY_S
            if not waiting or time.monotonic() - began > limit:
                break
        for publisher in waiting:
            self.node.get_logger().warning(
                f'{publisher.topic_name}: not everything that was sent arrived within {limit:g} s; '
                'is a subscriber hanging?'
            )

    def require_alone(self) -> None:
        """Refuse to run beside another node of the same name, now and while spinning.

        Raises:
            NodeError: another node has this one's full name.
        """
        guard = NameGuard(self.node)
        self.spin_for(_DISCOVERY_S)
        if guard.taken():
            self._refuse_name()
        self._guard = guard

    def _refuse_name(self) -> None:
        raise NodeError(
            f'another node named {self.node.get_fully_qualified_name()} {TAKEN}; end it, give this '
            'one another name (-r __node:=NAME), or choose another domain (ROS_DOMAIN_ID)'
        )

    def raise_priority(self, value: int) -> str:
        """Ask for a real-time priority for this process, and log whether it is in force.

        Args:
            value: 1 to 99, or 0 for none.

        Returns:
            Text for the node's status under the key ``priority``.
        """
        found = raise_priority(value)
        if value and found.endswith('in force'):
            self.node.get_logger().info(f'priority: {found}')
        elif value:
            self.node.get_logger().warning(f'priority: {found}')
        return found

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()


def run_node(make: Callable[[], N], work: Callable[[Session[N]], int]) -> int:
    """Make a node, let ``work`` run it, and end it in order; return the exit code.

    Errors that a user can fix (a wrong file, parameter or name) are printed on one line. With
    ``--help`` the node's parameters are printed, and nothing runs.
    """
    session = None
    try:
        session = Session(make)
        return work(session)
    except HelpAsked as found:
        print(found)
        return 0
    except (NodeError, ValueError, OSError) as error:
        name = Path(sys.argv[0]).stem if session is None else session.node.get_name()
        print(f'{name}: {error}', file=sys.stderr, flush=True)
        return ERROR
    finally:
        if session is not None:
            session.close()
        else:
            rclpy.try_shutdown()


def run_process(make: Callable[[], N], work: Callable[[Session[N]], int]) -> int:
    """Like ``run_node``, for a process that has nothing else to do and ends after it.

    Ctrl-C comes twice, from the terminal and from ``ros2 launch``; the second must not kill a node
    that has just ended in order, while Python winds down.
    """

    def made() -> N:
        for word in () if help_asked() else _own_arguments():
            raise NodeError(
                f'unexpected argument {word!r}: parameters are given as --ros-args -p NAME:=VALUE; '
                '--help lists them'
            )
        return make()

    code = run_node(made, work)
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    return code
