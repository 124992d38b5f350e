"""Start the nodes of one run as processes, follow them, and end them in order.

Does what ``ros2 launch`` does with the launch files, for machines without it. The nodes read the
same parameter files.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from liquid_control import paths
from liquid_control.control.commands import command_codec
from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.runs import INCOMPLETE, end_of, ended, note_end
from liquid_control.files import write_whole
from liquid_control.message_types import require_fields
from liquid_control.nodes.discovery import local_discovery
from liquid_control.nodes.log_lines import BEGUN, TAKEN
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.run_folder import unrecorded

_END_S = 10.0
_MONITOR_END_S = 60.0
_AFTER_SIM_S = 300.0
_PR_SET_PDEATHSIG = 1
_PRCTL = getattr(ctypes.CDLL(None), 'prctl', None)
"""Looked up here, because a forked process may not be able to; Linux has it."""


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

    @property
    def began(self) -> bool:
        """Whether the policy answered this run's simulation, and no other run was in the way."""
        said = {
            name: self._log(name).read_text(errors='replace')
            for name in self._settings.names
            if self._log(name).exists()
        }
        return BEGUN in said.get('sim', '') and not any(TAKEN in text for text in said.values())

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
