"""Progress of long work: a bar with the time left, or an occasional line in a log."""

import contextlib
import itertools
import time
from collections.abc import Callable, Generator
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

_LINE_S = 10.0


class _Left(TimeRemainingColumn):
    """The time left as reported, or else as rich estimates it from the bar's speed."""

    def render(self, task: Task) -> Text:
        told = task.fields.get('left')
        if told is None:
            return super().render(task)
        return Text(str(timedelta(seconds=round(told))), style='progress.remaining')


@contextlib.contextmanager
def reporting(console: Console, title: str) -> Generator[Callable[..., None]]:
    """Yield ``report(share, text, left=None)``, which may be called at any rate.

    ``left`` is the time left in s; if it is None, it is estimated from the progress so far.
    """
    if not console.is_terminal:
        yield _lines(console, title)
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(bar_width=24),
        TextColumn('{task.percentage:3.0f} %'),
        _Left(),
        TextColumn('{task.fields[told]}', markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=1.0, told='starting')

        def report(share: float, text: str, left: float | None = None) -> None:
            progress.update(task, completed=share, told=text, left=left)

        yield report


@contextlib.contextmanager
def counting(console: Console, title: str, total: int) -> Generator[Callable[[], None]]:
    """Yield ``told()``, to be called ``total`` times."""
    with reporting(console, title) as report:
        done = itertools.count(1)
        yield lambda: report(next(done) / total, '')


def _lines(console: Console, title: str) -> Callable[..., None]:
    started = said = time.monotonic()
    began: float | None = None

    def report(share: float, text: str, left: float | None = None) -> None:
        nonlocal said, began
        now = time.monotonic()
        began = share if began is None else began  # done before this start, if resumed
        if now - said > _LINE_S:
            said = now
            if left is None and share > began:
                left = (now - started) * (1.0 - share) / (share - began)
            rest = 'time left unknown' if left is None else f'{left:.0f} s left'
            console.print(f'{title}: {share:.0%}, {rest}, {text}', highlight=False)

    return report
