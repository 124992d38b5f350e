"""A thread that watches while the main one may be busy."""

import threading
from collections.abc import Callable


class GuardThread:
    """Calls a function again and again, on a steady clock, until it is stopped.

    Args:
        period: time between two calls, s.
        work: the function; it must not block for long.
        failed: called with what ``work`` raised; the thread ends then.
    """

    def __init__(
        self, period: float, work: Callable[[], None], failed: Callable[[Exception], None]
    ):
        self._period, self._work, self._failed = period, work, failed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='guard', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the call under way."""
        self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._period):
            try:
                self._work()
            except Exception as error:  # whatever it is, an unguarded robot must not go on
                self._failed(error)
                return
