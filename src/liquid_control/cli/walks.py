"""Several walks and one report: what ``demo`` and ``run`` with several policies or faults do."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from liquid_control import paths
from liquid_control.cli.say import say
from liquid_control.cli.walk import draw, outcome, policy_stopped, title, walk
from liquid_control.evaluation.metrics import load_metrics, nothing_recorded
from liquid_control.nodes.graph import Graph, GraphError
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.provenance import provenance, write_json
from liquid_control.report.run_report import write_report
from liquid_control.report.run_table import comparison
from liquid_control.run_folder import not_started

_INTERRUPTED = 130
_LABEL = 80
"""Most characters of a fault in the name of a folder."""


def plan(
    parent: Path,
    policies: Sequence[str],
    faults: Sequence[str],
    mode: str | None,
    episodes: int = 1,
    **shared: Any,
) -> list[RunSettings]:
    """Settings of every walk; all of them are checked, and nothing is started.

    Args:
        parent: folder of the walks' folders.
        policies: bundles: names, paths, or ``NAME=FILE``.
        faults: faults as text.
        mode: ``lockstep`` or ``realtime``: every policy under every fault in this mode. None: so
            in lockstep, for the returns, then one walk a policy in real time, for latency.
        episodes: episodes of each walk; where ``mode`` is None, walks in real time have one.
        shared: further fields of :class:`RunSettings`.

    Raises:
        ValueError: two policies have the same name; or as RunSettings and Graph raise.
    """
    named = _by_name(policies)
    chosen = [(p, f, mode or 'lockstep', episodes) for p in named for f in faults]
    labels = list(_labels(named, faults))
    if mode is None:
        chosen += [(name, 'none', 'realtime', 1) for name in named]
        labels += [f'{name}-realtime' for name in named]
    walks = []
    for label, (name, fault, how, count) in zip(labels, chosen, strict=True):
        settings = RunSettings(
            folder=parent / label, policy=named[name], policy_name=name, fault=fault, mode=how,
            episodes=count, **shared,
        )  # fmt: skip
        Graph(settings)
        walks.append(settings)
    return walks


def _by_name(policies: Sequence[str]) -> dict[str, str]:
    """Name → bundle; folders, tables and plots could not tell apart two of the same name."""
    by_name: dict[str, str] = {}
    for policy in policies:
        name, file = paths.named(policy)
        if name in by_name:
            raise ValueError(
                f'--policy: {by_name[name]} and {file} are both named {name}: folders and tables '
                'are named after them, so give them names, as in NAME=FILE'
            )
        by_name[name] = file
    return by_name


def _labels(names: Iterable[str], faults: Sequence[str]) -> Iterator[str]:
    """Name of the folder of each policy under each fault, as in ``cfc-gaussian_0.1``."""
    taken: set[str] = set()
    for policy, fault in itertools.product(names, faults):
        label = re.sub(r'[^A-Za-z0-9.+-]+', '_', fault.strip())[:_LABEL].strip('_')
        first = name = f'{policy}-{"clean" if label in ("", "none") else label}'
        number = 1
        while name in taken:
            number += 1
            name = f'{first}-{number}'
        taken.add(name)
        yield name


def walk_all(
    walks: Sequence[RunSettings], parent: Path, console: Console, *, video: bool, json: Path | None
) -> int:
    """Walk them one after another, then write one report and print one comparison.

    A walk that fails is reported, and the others go on. When they are interrupted, the report is on
    the walks until then, without videos.

    Args:
        walks: as :func:`plan` returns them.
        parent: folder of the walks' folders; the report is written there.
        video: whether to draw a video of each walk in lockstep.
        json: file to write the metrics of all walks to.

    Returns:
        The exit code: 0 only if every walk is complete, 130 if they were interrupted.

    Raises:
        GraphError: no walk was started.
        KeyboardInterrupt: they were interrupted before anything was measured.
    """
    seconds = walks[0].seconds
    say(
        console,
        f'{len(walks)} walks of {seconds:g} s at most; all results go to {escape(str(parent))}',
    )
    if not walks[0].record:
        return _unrecorded(walks, console)
    failed, missing = {}, None
    for number, settings in enumerate(walks):
        try:
            walk(settings, console)
        except KeyboardInterrupt:
            begun = number + 1 if (settings.folder / 'metrics.json').is_file() else number
            walks, missing = walks[:begun], walks[begun:]
            break
        except GraphError as error:
            why = '' if not_started(settings.folder) else f': {error}'  # else the summary says it
            _say_failed(console, settings, why)
            failed[settings.folder] = str(error)
    if missing is not None and all(not_started(settings.folder) for settings in walks):
        raise KeyboardInterrupt
    if all(not_started(settings.folder) for settings in walks):
        reasons = dict.fromkeys(failed.values())
        raise GraphError(f'no walk was started: {"; ".join(reasons)}')
    for settings in walks:
        if not_started(settings.folder):
            nothing_recorded(settings.folder, settings.about(), failed[settings.folder])
        elif video and missing is None and settings.mode == 'lockstep':
            draw(settings.folder, console)
    folders = [settings.folder for settings in walks]
    metrics = [load_metrics(folder) for folder in folders]
    report = write_report(parent / 'report.html', folders)
    for folder in folders:
        write_report(folder / 'report.html', [folder])
    console.print(comparison(metrics))
    say(console, f'report: {escape(str(report))}')
    if json:
        about = provenance(seed=walks[0].seed)
        write_json(json, {'format': 1, 'provenance': about, 'runs': metrics})
    if missing is not None:
        lacks = ', '.join(title(settings) for settings in missing)
        say(console, escape(f'interrupted; not walked: {lacks}' if lacks else 'interrupted'))
        return _INTERRUPTED
    return 0 if not failed and all(one['complete'] for one in metrics) else 1


def _unrecorded(walks: Sequence[RunSettings], console: Console) -> int:
    """Walk without recording; say of each what it came to; return the exit code."""
    code = 0
    for settings in walks:
        try:
            finished = walk(settings, console)
        except GraphError as error:
            _say_failed(console, settings, f': {error}')
            code = 1
            continue
        say(console, escape(outcome(settings, finished)))
        if policy_stopped(settings, finished):
            code = 1
    return code


def _say_failed(console: Console, settings: RunSettings, why: str) -> None:
    say(console, f'[bold red]{escape(f"{title(settings)}: failed{why}")}[/]')
