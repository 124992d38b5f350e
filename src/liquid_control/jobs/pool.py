"""Run jobs in separate processes, a few at a time, each reporting its progress."""

import contextlib
import multiprocessing
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any, cast

from liquid_control.jobs.progress import ALIKE, Progress, Size

_INTERVAL_S = 0.2
"""Least time between two reports of a job."""


@dataclass(frozen=True)
class Job:
    """A call ``function(*arguments, report)`` in a fresh process; it must save its own results."""

    name: str
    function: Callable[..., None]
    arguments: tuple[Any, ...]
    size: Size = ALIKE


def work(
    jobs: Sequence[Job],
    workers: int,
    preload: Sequence[str] = (),
    progress: Progress | None = None,
) -> Generator[Progress]:
    """Work through the jobs in order; yield their progress at least about three times a second.

    A job that fails does not stop the others. When the caller stops, by an exception or by closing
    the generator, the running processes are terminated.

    Args:
        jobs: jobs whose functions are importable by name.
        workers: number of jobs to run at a time.
        preload: modules that every process needs, imported once.
        progress: progress of a longer list, to which these jobs have been added already.
    """
    if progress is None:
        progress = Progress(workers)
        for job in jobs:
            progress.add(job.name, job.size)
    resource_tracker.ensure_running()  # before Ctrl-C is blocked: starting it would unblock that
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__, *preload])
    waiting = deque(jobs)
    running: dict[Connection, tuple[Job, BaseProcess]] = {}
    try:
        with _quiet_environment():
            while waiting or running:
                while waiting and len(running) < workers:
                    job = waiting.popleft()
                    connection, process = _start(context, job)
                    running[connection] = job, process
                    progress.start(job.name)
                for connection in cast(list[Connection], wait(list(running), timeout=0.3)):
                    job, process = running[connection]
                    if not _take(progress, job, process, connection):
                        del running[connection]
                yield progress
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()


def _start(context: ForkServerContext, job: Job) -> tuple[Connection, BaseProcess]:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(job, theirs), daemon=True)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the process inherits it
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    return ours, process


def _take(progress: Progress, job: Job, process: BaseProcess, connection: Connection) -> bool:
    """Take in a job's message, or its end; returns whether the job is still running."""
    values: list[Any]
    try:
        kind, *values = connection.recv()
    except (EOFError, OSError):
        process.join()
        kind, values = 'failed', [_how_it_ended(process.exitcode)]
    if kind == 'progress':
        share: Any = values[0]
        progress.update(job.name, share, values[1])
        return True
    connection.close()
    process.join()
    if kind == 'failed':
        progress.fail(job.name, values[0])
    else:
        progress.finish(job.name)
    return False


def _how_it_ended(code: int | None) -> str:
    if code is None or code >= 0:
        return f'exit code {code}'
    hint = ' (is memory short?)' if code == -signal.SIGKILL else ''
    return f'signal {-code} ended it{hint}'


def _run(job: Job, connection: Connection) -> None:
    """Run a job in its process, which ignores Ctrl-C: the caller handles it and ends the job."""
    last = 0.0

    def report(share: float, text: str) -> None:
        nonlocal last
        if time.monotonic() - last > _INTERVAL_S:
            last = time.monotonic()
            try:
                connection.send(('progress', share, text))
            except OSError:  # the parent process is gone
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
