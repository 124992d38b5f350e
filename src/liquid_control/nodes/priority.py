"""Real-time priority of a node's process."""

import os
from pathlib import Path

_THREADS = Path('/proc/self/task')


def raise_priority(value: int) -> str:
    """Put all threads of this process under SCHED_FIFO at a priority; later threads inherit it.

    All threads, since a message passes through the middleware's own before it reaches a callback.
    Call it after the node was made.

    Args:
        value: 1 to 99; 0 leaves everything as it is.

    Returns:
        What is in force, for status and log: ``none``, ``10 in force`` or ``asked for 10, not
        permitted: …``.
    """
    if value == 0:
        return 'none'
    if not hasattr(os, 'sched_setscheduler'):
        return f'asked for {value}, not permitted: this system has no SCHED_FIFO'
    try:
        for thread in _threads():
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(value))
    except OSError as error:
        return (
            f'asked for {value}, not permitted: {error.strerror}; allow it with CAP_SYS_NICE, or '
            'rtprio in /etc/security/limits.conf'
        )
    return f'{value} in force'


def _threads() -> list[int]:
    try:
        return [int(path.name) for path in _THREADS.iterdir()]
    except OSError:
        return [0]  # the calling thread
