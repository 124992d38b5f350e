"""Several walks and one report: what ``demo`` and ``run`` with several policies or faults do."""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from liquid_control.cli.say import say
from liquid_control.cli.walk import draw, outcome, policy_stopped, title, walk
from liquid_control.evaluation.metrics import load_metrics, nothing_recorded
from liquid_control.nodes.graph import Graph, GraphError
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.provenance import provenance, write_json
from liquid_control.report.run_report import write_report
from liquid_control.report.run_table import comparison
from liquid_control.run_folder import not_started

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
        policies: bundles: names or paths.
        faults: faults as text.
        mode: ``lockstep`` or ``realtime``: every policy under every fault in this mode. None: so
            in lockstep, for the returns, then one walk a policy in real time, for latency.
        episodes: episodes of each walk; where ``mode`` is None, walks in real time have one.
        shared: further fields of :class:`RunSettings`.

    Raises:
        ValueError: two policies have the same name; or as RunSettings and Graph raise.
    """
    _require_names(policies)
    chosen = [(p, f, mode or 'lockstep', episodes) for p in policies for f in faults]
    names = list(_names(policies, faults))
    if mode is None:
        chosen += [(policy, 'none', 'realtime', 1) for policy in policies]
        names += [f'{Path(policy).stem}-realtime' for policy in policies]
    walks = []
    for name, (policy, fault, how, count) in zip(names, chosen, strict=True):
        settings = RunSettings(
            folder=parent / name, policy=policy, fault=fault, mode=how, episodes=count, **shared
        )
        Graph(settings)
        walks.append(settings)
    return walks


def _require_names(policies: Sequence[str]) -> None:
    """Refuse policies that folders, tables and plots could not tell apart."""
    by_name: dict[str, str] = {}
    for policy in policies:
        name = Path(policy).stem
        if name in by_name:
            raise ValueError(
                f'--policy: {by_name[name]} and {policy} are both named {name}: expected files of '
                'different names, since folders and tables are named after them'
            )
        by_name[name] = policy


def _names(policies: Sequence[str], faults: Sequence[str]) -> Iterator[str]:
    """Name of the folder of each policy under each fault, as in ``cfc-gaussian_0.1``."""
    taken: set[str] = set()
    for policy, fault in itertools.product(policies, faults):
        label = re.sub(r'[^A-Za-z0-9.+-]+', '_', fault.strip())[:_LABEL].strip('_')
        first = name = f'{Path(policy).stem}-{"clean" if label in ("", "none") else label}'
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

    A walk that fails is reported, and the others go on.

    Args:
        walks: as :func:`plan` returns them.
        parent: folder of the walks' folders; the report is written there.
        video: whether to draw a video of each walk in lockstep.
        json: file to write the metrics of all walks to.

    Returns:
        The exit code: 0 only if every walk is complete.

    Raises:
        GraphError: no walk was started.
    """
    seconds = walks[0].seconds
    say(
        console,
        f'{len(walks)} walks of {seconds:g} s at most; all results go to {escape(str(parent))}',
    )
    if not walks[0].record:
        return _unrecorded(walks, console)
    failed = {}
    for settings in walks:
        try:
            walk(settings, console)
        except GraphError as error:
            why = '' if not_started(settings.folder) else f': {error}'  # else the summary says it
            _say_failed(console, settings, why)
            failed[settings.folder] = str(error)
    if all(not_started(settings.folder) for settings in walks):
        reasons = dict.fromkeys(failed.values())
        raise GraphError(f'no walk was started: {"; ".join(reasons)}')
    for settings in walks:
        if not_started(settings.folder):
            nothing_recorded(settings.folder, settings.about(), failed[settings.folder])
        elif video and settings.mode == 'lockstep':
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
