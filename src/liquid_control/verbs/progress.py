"""Progress of what takes long: a bar with the time left, or a line now and then in a log."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_S = 10.0


@contextlib.contextmanager
def reporting(console: Console, title: str) -> Iterator[Callable[[float, str], None]]:
    """Hands out ``report(share, text)``, to be called as often as one likes."""
    if not console.is_terminal:
        yield _lines(console, title)
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(bar_width=24),
        TextColumn('{task.percentage:3.0f} %'),
        TimeRemainingColumn(),
        TextColumn('{task.fields[told]}'),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=1.0, told='starting')
        yield lambda share, text: progress.update(task, completed=share, told=text)


@contextlib.contextmanager
def counting(console: Console, title: str, total: int) -> Iterator[Callable[[], None]]:
    """Hands out ``told()``, to be called ``total`` times."""
    with reporting(console, title) as report:
        done = itertools.count(1)
        yield lambda: report(next(done) / total, '')


def _lines(console: Console, title: str) -> Callable[[float, str], None]:
    started = said = time.monotonic()

    def report(share: float, text: str) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > _LINE_S:
            said = now
            left = (now - started) * (1.0 - share) / share if share > 0 else 0.0
            console.print(f'{title}: {share:.0%}, {left:.0f} s left, {text}', highlight=False)

    return report
