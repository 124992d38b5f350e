"""Progress of long work, and the one estimate of the time that it still takes."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

Report = Callable[[float, str], None]
"""Called by a long piece of work with the share of it that is done, and a few words."""

_LEAST = 0.005
"""Share of a piece of work that must be done before its own pace says how long the rest takes."""


def seconds_left(share: float, first: float, elapsed: float) -> float | None:
    """Estimate the seconds that a piece of work still takes, from its own pace.

    Args:
        share: share of it that is done.
        first: share that had been done when it was started here, as by an earlier process.
        elapsed: seconds since it was started here.

    Returns:
        The estimate; None as long as too little of it was done here.
    """
    made = share - first
    return elapsed * (1.0 - share) / made if made >= _LEAST else None


class Size(NamedTuple):
    """How long a job is expected to take: in proportion to ``amount``, alike for one ``kind``."""

    amount: float = 1.0
    kind: Hashable = None


ALIKE = Size()
"""The size of jobs that take equally long, as far as is known."""


@dataclass
class Live:
    """A running job: when it was started, what it last reported, and what it first did."""

    started: float
    share: float = 0.0
    text: str = ''
    first: float | None = None
    """The first share that it reported: what had been done before this start."""

    @property
    def seconds_left(self) -> float | None:
        """Estimate from its own pace, see :func:`seconds_left`."""
        elapsed = time.monotonic() - self.started
        return seconds_left(self.share, self.first or 0.0, elapsed)


class Progress:
    """Progress of a list of jobs, each of which is waiting, live, finished or failed.

    Args:
        workers: number of jobs that run at a time.

    Attributes:
        finished: name → seconds that the job took here; 0 if it had been finished before.
        failed: name → what went wrong.
        title: what the jobs are of, where there are several lists.
        live: name → running job.
    """

    def __init__(self, workers: int = 1):
        self.workers = workers
        self.finished: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self.title = ''
        self.live: dict[str, Live] = {}
        self._sizes: dict[str, Size] = {}
        self._waiting: dict[Hashable, float] = {}
        self._measured: dict[Hashable, tuple[float, float]] = {}

    def add(self, name: str, size: Size = ALIKE) -> None:
        """Add a job, which waits to be started."""
        self._sizes[name] = size
        self._waiting[size.kind] = self._waiting.get(size.kind, 0.0) + size.amount

    def keep(self, name: str, seconds: float = 0.0) -> None:
        """Note that an earlier process had finished a job.

        Args:
            seconds: time that the job took then, if known; the estimate learns from it.
        """
        self._begun(name)
        self.finished[name] = 0.0
        self._measure(name, seconds)

    def start(self, name: str) -> None:
        """Note that a job is started."""
        self._begun(name)
        self.live[name] = Live(time.monotonic())

    def update(self, name: str, share: float, text: str) -> None:
        """Take in what a running job reports."""
        live = self.live[name]
        live.share, live.text = share, text
        live.first = share if live.first is None else live.first

    def finish(self, name: str, seconds: float | None = None) -> None:
        """Note that a running job is finished.

        Args:
            seconds: time that it took; by default that since it was started.
        """
        live = self.live.pop(name)
        seconds = time.monotonic() - live.started if seconds is None else seconds
        self.finished[name] = seconds
        made = 1.0 - (live.first or 0.0)
        self._measure(name, seconds / made if made >= _LEAST else 0.0)

    def fail(self, name: str, why: str) -> None:
        """Note that a job failed, whether it was running or waiting."""
        if self.live.pop(name, None) is None:
            self._begun(name)
        self.failed[name] = why

    @property
    def total(self) -> int:
        """Number of jobs."""
        return len(self._sizes)

    @property
    def done(self) -> int:
        """Number of jobs that are finished or failed."""
        return len(self.finished) + len(self.failed)

    @property
    def share(self) -> float:
        """Share of the jobs that is done, counting what running ones have done."""
        running = sum(live.share for live in self.live.values())
        return (self.done + running) / self.total if self.total else 1.0

    @property
    def left_s(self) -> float | None:
        """Estimated seconds until all jobs are done; None as long as nothing was measured.

        A running job is judged by its own pace, once it has one. Others are expected to take as
        long as finished and running jobs of their kind in proportion to their sizes, or else as
        those of all kinds.
        """
        paces = self._paces()
        if not paces:
            return None
        usual = sum(paces.values()) / len(paces)
        waiting = sum(amount * paces.get(kind, usual) for kind, amount in self._waiting.items())
        running = []
        for name, live in self.live.items():
            size, own = self._sizes[name], live.seconds_left
            expected = size.amount * paces.get(size.kind, usual) * (1.0 - live.share)
            running.append(expected if own is None else own)
        return max([(waiting + sum(running)) / self.workers, *running])

    def text(self, noun: str = 'jobs') -> str:
        """How many jobs are done, and what the running ones report."""
        live = [f'{name} {live.share:.0%} {live.text}'.rstrip() for name, live in self.live.items()]
        title = f'{self.title}: ' if self.title else ''
        return '; '.join([f'{title}{self.done}/{self.total} {noun}', *live])

    def _begun(self, name: str) -> None:
        size = self._sizes[name]
        self._waiting[size.kind] -= size.amount

    def _measure(self, name: str, seconds: float) -> None:
        if seconds > 0.0:
            size = self._sizes[name]
            before, amount = self._measured.get(size.kind, (0.0, 0.0))
            self._measured[size.kind] = before + seconds, amount + size.amount

    def _paces(self) -> dict[Hashable, float]:
        """Kind → seconds per amount, of finished jobs, or else of running ones."""
        paces = {kind: seconds / amount for kind, (seconds, amount) in self._measured.items()}
        for name, live in self.live.items():
            size, left = self._sizes[name], live.seconds_left
            if left is not None and size.kind not in self._measured and live.share < 1.0:
                paces[size.kind] = left / (1.0 - live.share) / size.amount
        return paces
