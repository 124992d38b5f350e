"""A ``liquid-control run`` as a user starts it: what to wait for, and its processes."""

import contextlib
import json
import signal
import subprocess
import sys
import time

from support import interruptible

BASE = [sys.executable, '-m', 'liquid_control', 'run', '--no-video']


@contextlib.contextmanager
def starting_runs():
    """Yield start(argument, …) → a run; every run is ended in the end."""
    started = []

    def begin(*arguments):
        length = [] if '--seconds' in arguments else ['--seconds', '4']
        process = subprocess.Popen(
            [*BASE, *length, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=interruptible,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()  # its nodes end with it


def heard(folder):
    """How often the monitor has reported since it first heard the policy; 25 steps lie between."""
    log = folder / 'log' / 'monitor.log'
    lines = log.read_text().splitlines() if log.exists() else []
    told = [json.loads(line) for line in lines if line.startswith('{') and line.endswith('}')]
    return sum(line['ratio'] is not None for line in told)


def wait_until_walking(folder, process, reports=3):
    end = time.monotonic() + 120.0
    while heard(folder) < reports:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.05)


def children(process):
    """Command line → process id of the processes that a run has started."""
    listed = subprocess.run(
        ['ps', '-ww', '-o', 'pid=,args=', '--ppid', str(process.pid)],
        capture_output=True,
        text=True,
    ).stdout
    return {line.split(None, 1)[1]: int(line.split()[0]) for line in listed.splitlines()}


def child(process, name):
    return next(pid for args, pid in children(process).items() if f'{name}_node' in args)
