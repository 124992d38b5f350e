"""``report.html``: runs side by side, their plots and the origin of every figure, in one file."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.prediction_error import PredictionErrors, channel_std
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.runs import episode_rows, recorded_contract, trained_elapsed
from liquid_control.evaluation.timing import latencies, stamped_latencies
from liquid_control.report import run_plots as plots
from liquid_control.report.page import write_page
from liquid_control.report.run_table import beyond, comparisons
from liquid_control.report.summary import Sentence, about, name, summary

EMBED_LIMIT = 8 * 2**20
VIDEO = 'walk.mp4'


@dataclass
class RunSection:
    """What the report shows of one run."""

    name: str
    metrics: dict[str, Any]
    sentence: Sentence
    figures: list[plots.Plot] = field(default_factory=list)
    video: str | None = None
    video_linked: bool = False
    problem: str = ''
    provenance: list[tuple[str, str]] = field(default_factory=list)

    @property
    def timed(self) -> bool:
        """Whether it is a walk in real time, whose return depends on the machine."""
        return self.metrics['run'].get('mode') == 'realtime'

    @property
    def beyond(self) -> str:
        """The text of a percentile that falls among missed deadlines."""
        return beyond(self.metrics)


def write_report(path: str | Path, run_folders: Sequence[str | Path]) -> Path:
    """Write one HTML file about some runs; it needs no network and no other file.

    A video of 8 MiB or more is linked instead. A broken run is included with the reason.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    sections = [_section(Path(folder), path.parent) for folder in run_folders]
    metrics = [section.metrics for section in sections]
    ratios = [(s.name, {n: c['ratio'] for n, c in _channels(s.metrics).items()}) for s in sections]
    write_page(
        path,
        'report.html.j2',
        sections=sections,
        summary=summary(metrics),
        comparisons=comparisons(metrics),
        ratios=plots.channel_ratios([r for r in ratios if r[1]]),
    )
    return path


def _section(folder: Path, beside: Path) -> RunSection:
    metrics = load_metrics(folder)
    run = metrics['run']
    title = name(metrics) if run.get('policy') else folder.name
    if run.get('mode') == 'realtime':
        title += ', in real time'
    problem = '' if metrics['complete'] else metrics['why']
    section = RunSection(title, metrics, about(metrics), problem=problem)
    section.provenance = provenance_rows(metrics, folder)
    try:
        section.figures = _plots(Bag(folder), run)
    except (ValueError, OSError) as error:
        section.problem = section.problem or str(error)
    video = folder / VIDEO
    if video.is_file():
        section.video_linked = video.stat().st_size >= EMBED_LIMIT
        if section.video_linked:
            section.video = Path(os.path.relpath(video, beside)).as_posix()
        else:
            data = base64.b64encode(video.read_bytes()).decode()
            section.video = f'data:video/mp4;base64,{data}'
    return section


def _plots(bag: Bag, run: dict[str, Any]) -> list[plots.Plot]:
    contract, observed = recorded_contract(bag, run), run.get('observed')
    made: list[plots.Plot | None] = []
    if run.get('mode') != 'realtime':
        trace = recorded_trace(bag, contract, observed, run.get('thin', True), trained_elapsed(run))
        std, _ = channel_std(contract, [trace])
        errors = PredictionErrors.of(trace, std, contract.period_ns)
        made = [
            plots.traces(trace, contract),
            plots.commands(trace, contract),
            plots.prediction_error(errors, trace, contract),
        ]
    if run.get('mode') == 'realtime':
        made.append(plots.latency(latencies(episode_rows(bag)), contract))
    if run.get('mode') == 'robot':
        answered = stamped_latencies(bag, contract, observed)
        made.append(plots.latency(np.array([*answered.values()]), contract))
    return [plot for plot in made if plot is not None]


def provenance_rows(metrics: dict[str, Any], folder: Path) -> list[tuple[str, str]]:
    """Return (what, value) of everything needed to trace or repeat a run."""
    run = metrics['run']
    origin, bundle = run.get('provenance') or {}, run.get('bundle') or {}
    machine = origin.get('machine') or {}
    versions = origin.get('versions') or {}
    rows = [
        ('run folder', folder.name),
        ('command', origin.get('command')),
        ('date', origin.get('date')),
        ('mode', run.get('mode')),
        ('seed', run.get('seed')),
        ('episodes', run.get('episodes')),
        ('ended', run.get('ended')),
        ('real-time priority', (metrics['timing'] or {}).get('priority')),
        ('fault', run.get('fault')),
        ('machine', ', '.join(
            str(part) for part in (
                machine.get('processor'),
                f'{machine["cores"]} cores' if 'cores' in machine else None,
                f'{machine["memory_gb"]} GB' if 'memory_gb' in machine else None,
                machine.get('system'),
            ) if part
        )),
        ('versions', ', '.join(f'{name} {version}' for name, version in versions.items())),
        ('policy', ', '.join(str(bundle[k]) for k in ('cell', 'path') if bundle.get(k))),
        ('bundle SHA-256', bundle.get('sha256')),
        ('contract SHA-256', run.get('contract_hash')),
    ]  # fmt: skip
    return [(name, str(value)) for name, value in rows if value not in (None, '')]


def _channels(metrics: dict[str, Any]) -> dict[str, dict]:
    return metrics['figures'].get('prediction_channels') or {}
