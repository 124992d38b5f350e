"""Measure the sensor-to-command loop between two processes, beside that of a bare echo.

All candidates run at once, each in its own namespace, and are asked in turn, block by block, so
that any drift of the machine affects them all alike. While one is asked, the others sleep.
"""

import array
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from liquid_control.control.topics import answered_stamp
from liquid_control.nodes.policy_status import resident_mb
from liquid_control.nodes.session import NodeError, Session, run_node
from liquid_control.nodes.wire import qos, set_stamp
from liquid_control.sim import walker2d

_ANSWER_S = 1.0
_START_S = 30.0
_AWAKE = 10


@dataclass
class Candidate:
    """One process that answers observations."""

    name: str
    arguments: list[str]
    times: list[float] = field(default_factory=list)
    lost: int = 0
    memory_mb: float = 0.0


@dataclass(frozen=True)
class LoopSettings:
    """How the loop is measured."""

    rounds: int = 20
    """Blocks for each candidate."""
    block: int = 100
    """Observations per block."""
    period: float = 0.004
    """Time between two observations, s."""
    warm_up: int = 100
    """Observations for each candidate before counting starts."""


class _Driver(Node):
    """Sends observations into a namespace and waits for the command that answers."""

    def __init__(self, candidates: list[Candidate]):
        super().__init__('latency')
        sensors, commands = (qos(lockstep=False, reliable=True, depth=1) for _ in range(2))
        self._asking = {}
        for candidate in candidates:
            space = candidate.name
            self._asking[space] = self.create_publisher(
                JointState, f'/{space}/joint_states', sensors
            )
            self.create_subscription(
                Float64MultiArray, f'/{space}/commands', self._on_command, commands
            )
        self._message = JointState(name=list(walker2d.JOINTS))
        self._message.position = array.array('d', [0.0, 1.25] + [0.0] * 7)
        self._message.velocity = array.array('d', [0.0] * 9)
        self._asked = self._answered = 0

    def _on_command(self, message: Float64MultiArray) -> None:
        if answered_stamp(message) == self._asked:
            self._answered = time.perf_counter_ns()

    def ask(self, session: Session, name: str, timeout: float = _ANSWER_S) -> float | None:
        """Seconds from publishing an observation to receiving its command; None if none came."""
        self._asked = time.time_ns()
        self._answered = 0
        set_stamp(self._message, self._asked)
        started = time.perf_counter_ns()
        self._asking[name].publish(self._message)
        if not session.spin_for(timeout, lambda: self._answered > 0):
            return None
        return (self._answered - started) * 1e-9


def measure_loops(
    candidates: list[Candidate], settings: LoopSettings, told=lambda done: None
) -> None:
    """Start all candidates, measure them in turn, and fill in their figures.

    Raises:
        RuntimeError: a candidate could not be started or gave no answer.
    """
    processes: dict[str, subprocess.Popen] = {}
    try:
        for candidate in candidates:
            processes[candidate.name] = subprocess.Popen(
                [sys.executable, '-m', *candidate.arguments, '-r', f'__ns:=/{candidate.name}'],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        code = run_node(
            lambda: _Driver(candidates),
            lambda session: _drive(session, candidates, settings, told, processes),
        )
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()
    if code != 0:
        raise RuntimeError('the loop could not be measured')


def _drive(session, candidates, settings, told, processes) -> int:
    for candidate in candidates:
        end = time.monotonic() + _START_S
        while session.node.ask(session, candidate.name, 0.2) is None:
            ended = processes[candidate.name].poll() is not None
            if ended or session.stopping or time.monotonic() > end:
                raise NodeError(f'{candidate.name} gave no answer within {_START_S:g} s')
        for _ in range(settings.warm_up):
            session.node.ask(session, candidate.name)
            session.spin_for(settings.period)  # what comes faster is thinned out
    for done in range(settings.rounds):
        for candidate in candidates:
            with _others_asleep(processes, candidate.name):
                _measure_block(session, candidate, settings)
            if session.stopping:
                return 1
        told(done + 1)
    for candidate in candidates:
        candidate.memory_mb = resident_mb(processes[candidate.name].pid)
    return 0


@contextlib.contextmanager
def _others_asleep(processes: dict[str, subprocess.Popen], name: str) -> Iterator[None]:
    """Let only one candidate run, so that none is slowed by another's work."""
    others = [process for other, process in processes.items() if other != name]
    for process in others:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in others:
            process.send_signal(signal.SIGCONT)


def _measure_block(session: Session, candidate: Candidate, settings: LoopSettings) -> None:
    tick = time.monotonic()
    for count in range(-_AWAKE, settings.block):
        took = session.node.ask(session, candidate.name)
        if count < 0:
            pass  # the process has just been woken up
        elif took is None:
            candidate.lost += 1
        else:
            candidate.times.append(took)
        tick = max(tick + settings.period, time.monotonic())
        session.spin_for(tick - time.monotonic())


def echo() -> Candidate:
    """The bare echo."""
    return Candidate('echo', ['liquid_control.nodes.echo_node', '--ros-args'])


def policy(path: Path, robot: Path) -> Candidate:
    """The policy node with one bundle; it tolerates pauses, and a busy machine that asks slowly."""
    parameters = {'policy': path, 'robot': robot, 'sensor_timeout': 1000.0, 'rate_tolerance': 0.0}
    arguments = ['liquid_control.nodes.policy_node', '--ros-args', '-p', 'autostart:=true']
    for key, value in parameters.items():
        arguments += ['-p', f'{key}:={value}']
    return Candidate(path.stem, arguments)
