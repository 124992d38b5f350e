"""One walk on the graph: what ``run`` does once, and with ``demo`` several times."""

import re
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from liquid_control.cli.progress import reporting
from liquid_control.cli.say import say
from liquid_control.evaluation.metrics import load_metrics, why_stopped
from liquid_control.evaluation.runs import discard_recording
from liquid_control.evaluation.timing import timing
from liquid_control.nodes.graph import Graph, GraphError
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.report.summary import missed
from liquid_control.report.video import render

_STOPPED = re.compile(r'\[ERROR\].*: stopped: (.*); \S+ lets it drive again')
"""What a policy node logs when it stops driving although the simulation goes on."""
_SILENT_S = 1.0
"""Silence at the end of a walk after which a policy has stopped, whatever its log says."""


def walk(settings: RunSettings, console: Console) -> list[dict]:
    """Run one graph to its end, with progress; return the record of each finished episode.

    Raises:
        FileExistsError: the run folder holds a recording.
        GraphError: a node failed; the message says first why the policy stopped, if it did, and
            last where the recording is. Of a run that did not begin, only the logs are left.
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
    except GraphError as error:
        if not graph.began:
            discard_recording(settings.folder)
        if not graph.began or not settings.record:
            raise
        stopped = why_stopped(load_metrics(settings.folder))
        first = f'{stopped}; then ' if stopped else ''
        raise GraphError(f'{first}{error}; recorded until then: {settings.folder}') from None
    except KeyboardInterrupt:
        _say_recorded(settings, console)
        raise
    _say_recorded(settings, console)
    return finished


def _say_recorded(settings: RunSettings, console: Console) -> None:
    if (settings.folder / 'bag').exists():
        say(console, f'recorded in {escape(str(settings.folder))}')


def title(settings: RunSettings) -> str:
    """``cfc under gaussian:0.1, in real time``."""
    fault = '' if settings.fault.strip() in ('', 'none') else f' under {settings.fault}'
    mode = ', in real time' if settings.mode == 'realtime' else ''
    return f'{settings.policy_name}{fault}{mode}'


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
    if stopped := policy_stopped(settings, finished):
        return f'{title(settings)}: {stopped}; {text.partition(": ")[2]}; not recorded'
    if settings.mode == 'realtime':
        late = sum(line['missed'] for line in finished)
        return f'{text}; missed {missed(timing(np.zeros(0), late, steps))}; not recorded'
    mean = sum(line['return'] for line in finished) / max(len(finished), 1)
    return f'{text}; mean return {mean:.0f}; not recorded'


def policy_stopped(settings: RunSettings, finished: list[dict]) -> str:
    """Why the policy of a walk without a recording stopped driving; empty if it did not.

    The policy's log tells why. The simulation tells how long it heard no command before the end.

    Args:
        finished: as returned by :func:`walk`.
    """
    log = settings.folder / 'log' / 'policy.log'
    reasons = _STOPPED.findall(log.read_text(errors='replace'))
    if reasons:
        return f'the policy stopped driving: {reasons[-1]}'
    silent = finished[-1]['silent_s'] if finished else 0.0
    if silent <= max(_SILENT_S, settings.contract.freshness):
        return ''
    return f'the policy stopped driving: it sent no command in the last {silent:.1f} s; see {log}'


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
        say(console, f'no video: {escape(problem)}')
