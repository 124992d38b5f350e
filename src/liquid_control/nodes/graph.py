"""Start the nodes of one run as processes, follow them, and end them in order.

Does what ``ros2 launch`` does with the launch files, for machines without it. The nodes read the
same parameter files.
"""

import contextlib
import ctypes
import functools
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.commands import command_codec
from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import MEASURED, require_elapsed
from liquid_control.control.topics import FAULTY
from liquid_control.evaluation.episodes import require_faults
from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.runs import INCOMPLETE, end_of, ended, note_end
from liquid_control.faults import ClockFault, of_kind, parse, sensors_faulty
from liquid_control.files import write_whole
from liquid_control.message_types import require_fields
from liquid_control.nodes.discovery import local_discovery
from liquid_control.run_folder import unrecorded
from liquid_control.sim import robot_of, simulated_contract

_END_S = 5.0
_MONITOR_END_S = 60.0
_AFTER_SIM_S = 300.0
_PR_SET_PDEATHSIG = 1
_PRCTL = getattr(ctypes.CDLL(None), 'prctl', None)
"""Looked up here, because a forked process may not be able to; Linux has it."""


@dataclass(frozen=True)
class RunSettings:
    """What one run is: who drives, under which faults, how long and how.

    Raises:
        FileNotFoundError: there is no such contract, policy or model file.
        ValueError: a robot, policy or fault is unknown, the policy does not fit the robot, the
            robot's model is broken, or a number is out of range.
    """

    folder: Path
    """Run folder; created if missing, must not hold a recording."""
    policy: str
    """Bundle: a name or a path."""
    robot: str = 'walker2d'
    """Contract of a simulated robot: a name or a path."""
    fault: str = 'none'
    """Faults, such as gaussian:0.1+command_delay:2."""
    seed: int = 0
    """Seed of the first episode and of the faults."""
    episodes: int = 1
    """Number of episodes, one after another."""
    seconds: float | None = None
    """Longest episode in s; None: the robot's own."""
    mode: str = 'lockstep'
    """lockstep or realtime."""
    priority: int = 0
    """Real-time priority (SCHED_FIFO) of simulation, fault and policy node; 0: none."""
    elapsed: str = MEASURED
    """Elapsed time that the policy is given: measured, or nominal: always 1."""
    thin: bool = True
    """Leave out readings that come faster than the policy's rate."""
    record: bool = True
    """Record a bag and measure."""
    command: str = ''
    """Command line to write into the run folder."""
    names: tuple[str, ...] = field(init=False, default=())
    """Nodes of the run."""

    def __post_init__(self):
        contract = self.contract
        simulated = robot_of(contract)
        simulated.load_model()
        if self.seconds is None:
            object.__setattr__(self, 'seconds', simulated.episode_s)
        Bundle.read(self._policy_path).require_driver(contract)
        require_faults(contract, [self.fault])
        if self.mode not in ('lockstep', 'realtime'):
            raise ValueError(f'mode: expected lockstep or realtime, found {self.mode!r}')
        for name in ('episodes', 'seconds'):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f'{name}: expected more than 0, found {getattr(self, name)}')
        require_elapsed(self.elapsed)
        if self.seed < 0:
            raise ValueError(f'seed: expected 0 or more, found {self.seed}')
        if not 0 <= self.priority <= 99:
            raise ValueError(f'priority: expected 0 to 99, found {self.priority}')
        names = ['policy']
        if sensors_faulty(parse(self.fault)):  # the simulation obeys all other kinds of fault
            names.append('fault')
        if self.record:
            names.append('monitor')
        object.__setattr__(self, 'names', (*names, 'sim'))

    @functools.cached_property
    def _contract_path(self) -> Path:
        return simulated_contract(self.robot)

    @functools.cached_property
    def contract(self) -> Contract:
        """The robot's contract."""
        return Contract.load(self._contract_path)

    @functools.cached_property
    def _policy_path(self) -> Path:
        return paths.policy(self.policy, self._contract_path)

    @property
    def steps(self) -> int:
        """Longest episode in control periods."""
        return max(1, round((self.seconds or 0.0) * self.contract.rate))

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Node → parameters that this run sets on top of ``config/sim.yaml``."""
        lockstep = self.mode == 'lockstep'
        robot, policy = str(self._contract_path), str(self._policy_path)
        shared = {'robot': robot, 'seed': self.seed}
        priority = {'priority': self.priority} if self.priority else {}
        run = {'mode': self.mode, 'episodes': self.episodes}
        # Under a fault of the clock, another rate than the contract's is what was asked for.
        rate = {'rate_tolerance': 0.0} if of_kind(parse(self.fault), ClockFault) else {}
        values = {
            'sim': {
                **shared,
                **run,
                **priority,
                'policy': policy,
                'steps': self.steps,
                'fault': self.fault,
                'thin': self.thin,
                'wait_for': 1 + self.record,
                'progress': 'none' if self.record else 'json',
            },
            'policy': {
                'robot': robot,
                'policy': policy,
                'lockstep': lockstep,
                'elapsed': self.elapsed,
                'thin': self.thin,
                **rate,
                **priority,
            },
            'fault': {**shared, **priority, 'fault': self.fault, 'lockstep': lockstep},
            'monitor': {
                **shared,
                **run,
                'policy': policy,
                'fault': self.fault,
                'run_folder': str(self.folder),
                'command': self.command,
                'elapsed': self.elapsed,
                'thin': self.thin,
                'progress': 'json',
                'report': False,
            },
        }
        return {name: values[name] for name in self.names}

    def remappings(self) -> dict[str, str]:
        """Topic → name under which the policy reads it: that of the faulty sensors."""
        if 'fault' not in self.names:
            return {}
        return {topic: FAULTY + topic for topic in self.contract.topics}


def policy_for(robot: str, policy: str = '') -> str:
    """The policy that drives a simulated robot: the one that is named, or the robot's default.

    Args:
        robot: contract of the robot: a name or a path.
        policy: bundle: a name or a path; empty: none is named.

    Raises:
        FileNotFoundError: there is no such contract.
        ValueError: the robot is unknown or not simulated, or has no policy.
    """
    path = simulated_contract(robot)
    robot_of(Contract.load(path))
    return policy or paths.default_policy(path)


class GraphError(RuntimeError):
    """A node of the run failed. The message says which, and gives its last output."""


class Graph:
    """The processes of one run, as a context manager that ends whatever it started.

    Raises:
        FileExistsError: the run folder holds a recording.
        ContractError: a field or a type of the robot's contract is not there, or its commands
            cannot be sent.
    """

    def __init__(self, settings: RunSettings):
        unrecorded(settings.folder)
        require_fields(settings.contract, live=True)
        command_codec(settings.contract)
        self._settings = settings
        self._logs = settings.folder / 'log'
        self._processes: dict[str, subprocess.Popen] = {}
        self._why = ''

    def __enter__(self) -> 'Graph':
        self._logs.mkdir(parents=True, exist_ok=True)
        self._write_parameters()
        for name in self._settings.names:
            self._start(name)
        return self

    def __exit__(self, *exception) -> None:
        for name in ('policy', 'sim', 'fault'):
            self._end(name, _END_S)
        self._end('monitor', _MONITOR_END_S)
        folder = self._settings.folder
        if self._why and end_of(folder) != self._why:  # the monitor had not begun, or was killed
            note_end(folder, self._why)
            measure(folder)

    def _write_parameters(self) -> None:
        nodes = self._settings.parameters()
        content = {f'/{name}': {'ros__parameters': values} for name, values in nodes.items()}
        self._parameters = self._settings.folder / 'params.yaml'
        write_whole(self._parameters, yaml.safe_dump(content, sort_keys=False))

    def _start(self, name: str) -> None:
        arguments = ['--ros-args', '--params-file', str(paths.share() / 'config' / 'sim.yaml')]
        arguments += ['--params-file', str(self._parameters)]
        arguments += ['--disable-external-lib-logs']
        if name == 'policy':
            for topic, name_there in self._settings.remappings().items():
                arguments += ['-r', f'{topic}:={name_there}']
        with open(self._log(name), 'wb') as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, '-m', 'liquid_control.nodes.start', f'{name}_node', *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **local_discovery(os.environ)},
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _log(self, name: str) -> Path:
        return self._logs / f'{name}.log'

    def follow(self, told: Callable[[dict], None], interval: float = 0.1) -> None:
        """Wait for the end of the run; ``told`` is called with the monitor's progress.

        Raises:
            GraphError: a node ended too early or with an error, or the last one did not end after
                the simulation had.
        """
        final = 'monitor' if 'monitor' in self._processes else 'sim'
        progress, sim_ended, over = self._progress(final), None, False
        while not over:
            over = self._processes[final].poll() is not None
            for line in progress:
                if line is None:
                    break
                told(line)
            self._check(final)
            if 'sim' in self._processes and self._processes['sim'].poll() is not None:
                sim_ended = sim_ended or time.monotonic()
                if time.monotonic() - sim_ended > _AFTER_SIM_S:
                    raise GraphError(
                        f'the {final} node did not end within {_AFTER_SIM_S:g} s of the '
                        f'simulation ({self._log(final)})'
                    )
            if not over:
                time.sleep(interval)
        if self._processes[final].returncode not in (0, INCOMPLETE):
            raise self._failed(final)

    def _check(self, final: str) -> None:
        for name, process in self._processes.items():
            code = process.poll()
            expected = name in (final, 'sim') and code == 0
            if code is not None and name != final and not expected:
                raise self._failed(name)

    def _progress(self, name: str) -> Iterator[dict | None]:
        """Yield the progress that a node printed; None when there is no more so far."""
        line = b''
        with open(self._log(name), 'rb') as log:
            while True:
                line += log.readline()
                if not line.endswith(b'\n'):
                    yield None
                    continue
                if line.startswith(b'{'):
                    with contextlib.suppress(json.JSONDecodeError):
                        yield json.loads(line)
                line = b''

    def _failed(self, name: str) -> GraphError:
        """The error for a node that failed; the run folder is told too, as the run's end."""
        code = self._processes[name].returncode
        what = f'the {name} node {ended(code)}'
        if name != 'monitor' or code < 0:  # a monitor that ended by itself has said why
            self._why = what
            note_end(self._settings.folder, what)
        said = self._log(name).read_text(errors='replace').strip().splitlines()
        last = next((line for line in reversed(said) if line and not line.startswith('{')), '')
        return GraphError(f'{what}: {last or "it said nothing"} ({self._log(name)})')

    def _end(self, name: str, seconds: float) -> None:
        process = self._processes.get(name)
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_with_parent() -> None:
    """Ask the kernel to interrupt this process when its parent dies, however that happens."""
    if sys.platform == 'linux' and _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGINT)
