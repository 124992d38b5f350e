"""Run jobs in separate processes, a few at a time, each reporting its progress."""

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

_TELL_S = 0.2


@dataclass(frozen=True)
class Job:
    """A call ``function(*arguments, report)`` in a fresh process; it must save its own results."""

    name: str
    function: Callable[..., None]
    arguments: tuple[Any, ...]


@dataclass
class Live:
    """A running job."""

    job: Job
    process: multiprocessing.process.BaseProcess
    started: float
    share: float = 0.0
    text: str = ''
    resumed: float | None = None
    """The first share that it reported: what had been done before this start."""


@dataclass
class State:
    """Progress of all jobs."""

    waiting: list[Job]
    live: dict[Connection, Live] = field(default_factory=dict)
    finished: dict[str, float] = field(default_factory=dict)
    """Name → seconds that the job took in this pool."""
    failed: dict[str, str] = field(default_factory=dict)
    """Name → what went wrong."""


def work(jobs: Sequence[Job], workers: int, preload: Sequence[str] = ()) -> Iterator[State]:
    """Work through the jobs in order; yield the state at least about three times a second.

    A job that fails does not stop the others. When the caller stops, by an exception or by closing
    the generator, the running processes are terminated.

    Args:
        jobs: jobs whose functions are importable by name.
        workers: number of jobs to run at a time.
        preload: modules that every process needs, imported once.
    """
    resource_tracker.ensure_running()  # before Ctrl-C is blocked: starting it would unblock that
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(list(preload))
    state = State(list(jobs))
    try:
        with _quiet_environment():
            while state.waiting or state.live:
                while state.waiting and len(state.live) < workers:
                    _start(context, state, state.waiting.pop(0))
                for connection in wait(list(state.live), timeout=0.3):
                    _hear(state, connection)
                yield state
    finally:
        for live in state.live.values():
            live.process.terminate()
        for live in state.live.values():
            live.process.join()


def _start(context, state: State, job: Job) -> None:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_job, args=(job, theirs), daemon=True)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the process inherits it
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    state.live[ours] = Live(job, process, time.monotonic())


def _hear(state: State, connection: Connection) -> None:
    """Handle a process's message, or its end."""
    live = state.live[connection]
    try:
        kind, *said = connection.recv()
    except (EOFError, OSError):
        live.process.join()
        code = live.process.exitcode
        how = f'signal {-code} ended it' if code is not None and code < 0 else f'exit code {code}'
        hint = ' (is memory short?)' if code == -signal.SIGKILL else ''
        kind, said = 'failed', [f'{how}{hint}']
    if kind == 'progress':
        live.share, live.text = said
        live.resumed = live.share if live.resumed is None else live.resumed
        return
    del state.live[connection]
    connection.close()
    live.process.join()
    if kind == 'failed':
        state.failed[live.job.name] = said[0]
    else:
        state.finished[live.job.name] = time.monotonic() - live.started


def _job(job: Job, connection: Connection) -> None:
    """Run a job in its process, which ignores Ctrl-C: the caller handles it and ends the job."""
    told = 0.0

    def report(share: float, text: str) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            try:
                connection.send(('progress', share, text))
            except OSError:  # nobody is listening any more
                os._exit(1)

    try:
        job.function(*job.arguments, report)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        connection.send(('failed', str(error) or type(error).__name__))
    except Exception:
        connection.send(('failed', traceback.format_exc()))
    else:
        connection.send(('finished',))


@contextlib.contextmanager
def _quiet_environment() -> Generator[None]:
    """Limit every process to one thread, whichever library starts them."""
    names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
