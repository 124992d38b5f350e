"""One walk on the graph: what ``run`` does once and ``demo`` several times."""

from pathlib import Path

import numpy as np
from rich.console import Console

from liquid_control.cli.progress import reporting
from liquid_control.evaluation.timing import timing
from liquid_control.nodes.graph import Graph, RunSettings
from liquid_control.report.summary import missed
from liquid_control.report.video import render


def walk(settings: RunSettings, console: Console) -> list[dict]:
    """Run one graph to its end, with progress; return the record of each finished episode.

    Raises:
        FileExistsError: the run folder holds a recording.
        GraphError: a node failed.
    """
    finished = []
    graph = Graph(settings)

    def take(line: dict) -> None:
        done = line['episode'] + line['step'] / settings.steps
        report(done / settings.episodes, _so_far(settings, line))
        if line.get('over'):
            finished.append(line)

    try:
        with reporting(console, title(settings)) as report, graph:
            graph.follow(take)
    finally:
        if (settings.folder / 'bag').exists():
            console.print(f'recorded in {settings.folder}', highlight=False, soft_wrap=True)
    return finished


def title(settings: RunSettings) -> str:
    """``cfc under gaussian:0.1, in real time``."""
    fault = '' if settings.fault.strip() in ('', 'none') else f' under {settings.fault}'
    mode = ', in real time' if settings.mode == 'realtime' else ''
    return f'{Path(settings.policy).stem}{fault}{mode}'


def outcome(settings: RunSettings, finished: list[dict]) -> str:
    """What a walk without a recording came to, in one sentence.

    Args:
        finished: as returned by :func:`walk`.
    """
    steps = sum(line['step'] for line in finished)
    falls = sum(line['terminated'] for line in finished)
    text = f'{title(settings)}: ran {steps} steps in {len(finished)} episode'
    text += 's' if len(finished) != 1 else ''
    text += f', fell {falls} times' if falls else ', without falling'
    if settings.mode == 'realtime':
        late = sum(line['missed'] for line in finished)
        return f'{text}; missed {missed(timing(np.zeros(0), late, steps))}; not recorded'
    mean = sum(line['return'] for line in finished) / max(len(finished), 1)
    return f'{text}; mean return {mean:.0f}; not recorded'


def _so_far(settings: RunSettings, line: dict) -> str:
    if settings.mode == 'realtime':
        return f'step {line["step"]}'
    ratio = line['ratio']
    prediction = '' if ratio is None else f', prediction error {ratio:.3f} of persistence'
    return f'return {line["return"]:.0f}{prediction}'


def draw(folder: Path, console: Console) -> None:
    """Draw the video of a run; if that is not possible, print one line that says why."""
    with console.status('drawing the video'):
        problem = render(folder)
    if problem:
        console.print(f'no video: {problem}', highlight=False)
