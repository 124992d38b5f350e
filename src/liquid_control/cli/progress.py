"""Progress of long work on a terminal: a bar with the time left, or an occasional line in a log."""

import contextlib
import itertools
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from liquid_control.jobs.progress import Progress, seconds_left

_LINE_S = 10.0


class Reporter(Protocol):
    """Shows progress; may be called at any rate."""

    def __call__(self, share: float, text: str, left: float | None = None) -> None:
        """Show the share done and a text.

        Args:
            share: share of the work that is done.
            text: what is being done.
            left: time left in s; by default estimated from the progress so far.
        """


class _Left(ProgressColumn):
    """The time left."""

    def render(self, task: Task) -> Text:
        left = task.fields.get('left')
        text = '-:--:--' if left is None else str(timedelta(seconds=round(left)))
        return Text(text, style='progress.remaining')


@contextlib.contextmanager
def reporting(console: Console, title: str) -> Generator[Reporter]:
    """Yield a function that shows the progress of some work under a title."""
    if not console.is_terminal:
        yield _Estimated(_lines(console, title))
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(bar_width=24),
        TextColumn('{task.percentage:3.0f} %'),
        _Left(),
        TextColumn('{task.fields[text]}', markup=False),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=1.0, text='starting')

        def show(share: float, text: str, left: float | None) -> None:
            bars.update(task, completed=share, text=text, left=left)

        yield _Estimated(show)


@contextlib.contextmanager
def showing(console: Console, title: str, noun: str) -> Generator[Callable[[Progress], None]]:
    """Yield a function that shows the progress of a list of jobs.

    Args:
        console: where to show it.
        title: what is done.
        noun: what one job is called, in the plural.
    """
    with reporting(console, title) as report:
        yield lambda progress: report(progress.share, progress.text(noun), progress.left_s)


def follow(
    console: Console, title: str, noun: str, states: Generator[Progress]
) -> tuple[Progress, bool]:
    """Show the progress of a list of jobs, to its end or to Ctrl-C.

    Args:
        console: where to show it.
        title: what is done.
        noun: what one job is called, in the plural.
        states: does the jobs, yielding their progress; closed at the end.

    Returns:
        The last progress, and whether Ctrl-C came.
    """
    progress = Progress()
    try:
        with contextlib.closing(states), showing(console, title, noun) as show:
            for progress in states:
                show(progress)
    except KeyboardInterrupt:
        return progress, True
    return progress, False


@contextlib.contextmanager
def counting(console: Console, title: str, total: int) -> Generator[Callable[[], None]]:
    """Yield a function to be called ``total`` times, once after each step of some work."""
    with reporting(console, title) as report:
        done = itertools.count(1)
        yield lambda: report(next(done) / total, '')


class _Estimated:
    """Adds the estimate of the time left where there is none, and passes all on."""

    def __init__(self, show: Callable[[float, str, float | None], None]):
        self._show, self._started = show, time.monotonic()
        self._first: float | None = None

    def __call__(self, share: float, text: str, left: float | None = None) -> None:
        if self._first is None:
            self._first = share  # done before this start, if the work is resumed
        if left is None:
            left = seconds_left(share, self._first, time.monotonic() - self._started)
        self._show(share, text, left)


def _lines(console: Console, title: str) -> Callable[[float, str, float | None], None]:
    last, shown = time.monotonic(), ''

    def show(share: float, text: str, left: float | None) -> None:
        nonlocal last, shown
        now = time.monotonic()
        rest = 'time left unknown' if left is None else f'{left:.0f} s left'
        line = f'{title}: {share:.0%}, {rest}, {text}'
        if now - last > _LINE_S and line != shown:
            last, shown = now, line
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    return show
