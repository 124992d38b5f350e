"""Measure the sensor-to-command loop between two processes, beside that of a bare echo.

All candidates run at once, each in its own namespace, and are asked in turn, block by block, so
that any drift of the machine affects them all alike. While one is asked, the others sleep.
"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.node import Node

from liquid_control.control.bundle import Bundle
from liquid_control.control.commands import CommandCodec, command_codec
from liquid_control.control.contract import Contract
from liquid_control.evaluation.cost.resident import resident_mb
from liquid_control.nodes.sample_messages import sample_message
from liquid_control.nodes.session import NodeError, Session, run_node
from liquid_control.nodes.wire import message_type, qos, set_stamp

_ANSWER_S = 1.0
_START_S = 30.0
_AWAKE = 10


@dataclass
class Candidate:
    """One process that answers observations."""

    name: str
    contract: Contract
    """What it reads, and where it sends its commands."""
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
    period: float = 0.008
    """Time between two observations, s."""
    warm_up: int = 100
    """Observations for each candidate before counting starts."""
    priority: int = 0
    """Real-time priority of the driver; 0: none."""


class _Driver(Node):
    """Sends observations into a namespace and waits for the command that answers."""

    def __init__(self, candidates: list[Candidate]):
        super().__init__('latency')
        sensors, commands = (qos(lockstep=False, reliable=True, depth=1) for _ in range(2))
        self._asking = {}
        for candidate in candidates:
            contract = candidate.contract
            # What sets the pace comes last: with it the observation is complete.
            asking = [
                (
                    self.create_publisher(
                        message_type(kind), _named(candidate.name, topic), sensors
                    ),
                    sample_message(contract, topic),
                )
                for topic, kind in reversed(contract.topics.items())
            ]
            self._asking[candidate.name] = asking
            codec = command_codec(contract)
            self.create_subscription(
                message_type(codec.kind), _named(candidate.name, contract.action.topic),
                partial(self._on_command, codec), commands,
            )  # fmt: skip
        self._asked = self._answered = 0

    def _on_command(self, codec: CommandCodec, message: Any) -> None:
        if codec.answered(message) == self._asked:
            self._answered = time.perf_counter_ns()

    def ask(self, session: Session, name: str, timeout: float = _ANSWER_S) -> float | None:
        """Seconds from publishing an observation to receiving its command; None if none came."""
        self._asked = time.time_ns()
        self._answered = 0
        for _, message in self._asking[name]:
            set_stamp(message, self._asked)
        started = time.perf_counter_ns()
        for publisher, message in self._asking[name]:
            publisher.publish(message)
        if not session.spin_for(timeout, lambda: self._answered > 0):
            return None
        return (self._answered - started) * 1e-9


def measure_loops(
    candidates: list[Candidate], settings: LoopSettings, report=lambda done: None
) -> None:
    """Start all candidates, measure them in turn, and fill in their figures.

    Raises:
        RuntimeError: a candidate could not be started or gave no answer.
    """
    processes: dict[str, subprocess.Popen] = {}
    try:
        for candidate in candidates:
            contract = candidate.contract
            names = ['-r', f'__ns:=/{candidate.name}']
            for topic in (*contract.topics, contract.action.topic):
                names += ['-r', f'{topic}:={_named(candidate.name, topic)}']
            processes[candidate.name] = subprocess.Popen(
                [sys.executable, '-m', *candidate.arguments, *names],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        code = run_node(
            lambda: _Driver(candidates),
            lambda session: _drive(session, candidates, settings, report, processes),
        )
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()
    if code != 0:
        raise RuntimeError('the loop could not be measured')


def _named(space: str, topic: str) -> str:
    """A topic in a candidate's own namespace."""
    return f'/{space}/{topic.strip("/")}'


def _drive(session, candidates, settings, report, processes) -> int:
    session.raise_priority(settings.priority)
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
        report(done + 1)
    for candidate in candidates:
        candidate.memory_mb = resident_mb(processes[candidate.name].pid)
    return 0


@contextlib.contextmanager
def _others_asleep(processes: dict[str, subprocess.Popen], name: str) -> Generator[None]:
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


def candidates_of(policies: Sequence[Path], robot: Path, priority: int = 0) -> list[Candidate]:
    """The bare echo, which reads what the first policy reads, then a policy node a policy.

    A policy node tolerates the pauses between its blocks, and a busy machine that asks slowly.

    Raises:
        ContractError: a policy does not fit the robot.
        ValueError: the robot's commands are of another type than the policy node sends.
    """
    contract = Contract.load(robot)
    made = []
    for number, path in enumerate((policies[0], *policies)):
        shared = {'policy': path, 'robot': robot, **({'priority': priority} if priority else {})}
        own = (
            {}
            if number == 0
            else {'autostart': 'true', 'sensor_timeout': 1000.0, 'rate_tolerance': 0.0}
        )
        name = 'echo' if number == 0 else path.stem
        module = 'nodes.policy_node' if number else 'benchmarks.echo_node'
        arguments = [f'liquid_control.{module}', '--ros-args']
        for key, value in {**shared, **own}.items():
            arguments += ['-p', f'{key}:={value}']
        made.append(Candidate(name, Bundle.read(path).contract.on(contract), arguments))
    return made
