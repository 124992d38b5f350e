"""Jobs in processes of their own, a few at a time; each tells how far it is."""

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

_TELL_S = 0.2


@dataclass(frozen=True)
class Job:
    """``function(*arguments, report)``, in a fresh process; what it makes it keeps itself."""

    name: str
    function: Callable[..., None]
    arguments: tuple[Any, ...]


@dataclass
class Live:
    """A job under way."""

    job: Job
    process: multiprocessing.process.BaseProcess
    started: float
    share: float = 0.0
    text: str = ''
    resumed: float | None = None
    """The share that it began with, in the seconds since ``started``."""


@dataclass
class State:
    """How far the jobs are."""

    waiting: list[Job]
    live: dict[Connection, Live] = field(default_factory=dict)
    finished: dict[str, float] = field(default_factory=dict)
    """Name → seconds that it took in this pool."""
    failed: dict[str, str] = field(default_factory=dict)
    """Name → what went wrong."""


def work(jobs: Sequence[Job], workers: int, preload: Sequence[str] = ()) -> Iterator[State]:
    """Work through the jobs in their order; yields the state about three times a second.

    A job that fails does not stop the others. When the caller stops, by an exception or by closing
    the generator, the processes under way are ended.

    Args:
        jobs: their functions must be importable by name.
        workers: how many at a time.
        preload: modules that every process needs, imported once.
    """
    resource_tracker.ensure_running()  # here, since it would let Ctrl-C through again
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
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited, and kept
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    state.live[ours] = Live(job, process, time.monotonic())


def _hear(state: State, connection: Connection) -> None:
    """Take what a process says, or that it has ended."""
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
    """In the process, which does not hear Ctrl-C: the caller does, and ends it."""
    told = 0.0

    def report(share: float, text: str) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            try:
                connection.send(('progress', share, text))
            except OSError:  # nobody listens any more
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
def _quiet_environment() -> Iterator[None]:
    """One thread a process, whatever library counts them."""
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
