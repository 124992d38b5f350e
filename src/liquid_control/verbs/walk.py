"""One measured walk on the graph: what ``run`` does once and ``demo`` several times."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from liquid_control.nodes.graph import Graph, RunSettings
from liquid_control.report.video import render
from liquid_control.verbs.progress import reporting


def walk(settings: RunSettings, console: Console, title: str) -> None:
    """Run one graph to its end, with progress.

    Raises:
        FileExistsError: the run folder holds a recording.
        GraphError: a node failed.
    """
    graph = Graph(settings)
    try:
        with reporting(console, title) as report, graph:
            graph.follow(partial(_tell, settings, report))
    finally:
        if (settings.folder / 'bag').exists():
            console.print(f'recorded in {settings.folder}', highlight=False)


def _tell(settings: RunSettings, report: Callable[[float, str], None], line: dict) -> None:
    """Turn a line from the monitor into progress."""
    done = line['episode'] + line['step'] / settings.steps
    ratio = line['ratio']
    prediction = '' if ratio is None else f', prediction error {ratio:.3f} of persistence'
    report(done / settings.episodes, f'return {line["return"]:.0f}{prediction}')


def draw(folder: Path, console: Console) -> None:
    """Draw the video of a run; if that is not possible, print one line that says why."""
    with console.status('drawing the video'):
        problem = render(folder)
    if problem:
        console.print(f'no video: {problem}', highlight=False)
