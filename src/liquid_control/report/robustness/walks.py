"""Small videos of the worst and the median walk of some cells of the heat map."""

import base64
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.evaluation.robustness import (
    MEASURED,
    Analysis,
    Cell,
    Measurement,
    RobustnessResults,
)
from liquid_control.files import write_whole
from liquid_control.report.film import drawn_apart
from liquid_control.report.robustness.look import CLEAN, condition_text
from liquid_control.report.robustness.walk_worker import Job

_CELLS = 16
"""Cells that get videos, at most."""
_TOGETHER = 2
_BYTES = 150_000
_TIMEOUT_S = 300
_SAME = 1e-6
"""Relative difference of returns up to which a walk is the one that was measured."""


Key = tuple[str, str, float]
"""Policy, family and level of a cell."""


@dataclass(frozen=True)
class Walk:
    """One video: a data URI, and what it shows."""

    uri: str
    caption: str


@dataclass(frozen=True)
class WalkedCell:
    """The videos of one cell of the heat map."""

    title: str
    walks: tuple[Walk, ...]


@dataclass(frozen=True)
class Walks:
    """All videos of a page.

    Attributes:
        cells: the cells that have some.
        numbers: (policy, family, level) → index among ``cells``.
        problem: why some are missing; empty if none is.
    """

    cells: tuple[WalkedCell, ...] = ()
    numbers: dict[Key, int] = field(default_factory=dict)
    problem: str = ''


@dataclass(frozen=True)
class _Episode:
    """A measured episode that is to be drawn."""

    cell: Cell
    title: str
    kind: str
    total: float
    job: Job


_Videos = tuple[tuple[Walk, ...], list[str]]
"""The videos of a cell, and why others are missing."""


def record_walks(
    results: RobustnessResults,
    analysis: Analysis,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> Walks:
    """Run some episodes again and draw them.

    Of each fault, at the level that costs most, the best and the worst policy are chosen.

    Args:
        results: what was measured.
        analysis: what follows from it.
        report: called as ``report(share, text)`` after each cell and at the end.
    """
    episodes: dict[Key, list[_Episode]] = {}
    for cell in chosen(results, analysis):
        found = list(_episodes(results, cell))
        if found:
            episodes[cell.policy, cell.family, cell.level] = found
    cells, numbers, problems = [], {}, Counter[str]()
    for done, (key, (walks, failed)) in enumerate(_drawn(episodes)):
        title = episodes[key][0].title
        report((done + 1) / len(episodes), title)
        problems.update(failed)
        if walks:
            numbers[key] = len(cells)
            cells.append(WalkedCell(title, walks))
    report(1.0, '')
    return Walks(tuple(cells), numbers, _problem(problems))


def _drawn(episodes: Mapping[Key, Sequence[_Episode]]) -> Iterator[tuple[Key, _Videos]]:
    """The videos of each cell, two cells at a time, or of none if the first cannot be drawn."""
    if not episodes:
        return
    first, *others = episodes
    videos = _draw(episodes[first])
    yield first, videos
    if not videos[0]:
        return
    with ThreadPoolExecutor(_TOGETHER) as pool:
        yield from zip(others, pool.map(_draw, map(episodes.__getitem__, others)), strict=True)


def chosen(results: RobustnessResults, analysis: Analysis) -> list[Cell]:
    """The cells that get videos, in the order of the heat map."""
    pairs = []
    for family, levels in [('', (0.0,)), *((f.name, f.levels) for f in results.families)]:
        rows = [
            [
                cell
                for cell in analysis.cells
                if (cell.family, cell.level, cell.elapsed) == (family, level, MEASURED)
                and not np.isnan(cell.percent.value)
            ]
            for level in levels
        ]
        rows = [row for row in rows if row]
        if rows:
            hardest = min(rows, key=lambda row: np.mean([cell.percent.value for cell in row]))
            ordered = sorted(hardest, key=lambda cell: -cell.percent.value)
            pairs.append(ordered if len(ordered) == 1 else [ordered[0], ordered[-1]])
    count = max(1, _CELLS // max(map(len, pairs), default=1))
    widest = sorted(pairs, key=lambda pair: pair[-1].percent.value - pair[0].percent.value)
    return [cell for pair in pairs if pair in widest[:count] for cell in pair]


def _episodes(results: RobustnessResults, cell: Cell) -> Iterator[_Episode]:
    """The worst and the median episode of a cell, over all trainings."""
    paths = {
        bundle['sha256']: bundle['path']
        for policy in results.policies
        if policy.name == cell.policy
        for bundle in policy.bundles
    }
    where = (cell.policy, cell.family, cell.level, cell.elapsed)
    found: list[tuple[float, int, Measurement]] = []
    for row in results.measurements:
        if (row.policy, row.family, row.level, row.elapsed) == where:
            found += [
                (-np.inf if stopped else total, index, row)
                for index, (total, stopped) in enumerate(zip(row.returns, row.stopped, strict=True))
            ]
    if not found:
        return
    found.sort(key=lambda item: item[:2])
    places = {'worst': 0, 'median': (len(found) - 1) // 2}
    families = {family.name: family for family in results.families}
    condition = condition_text(families[cell.family], cell.level) if cell.family else CLEAN
    for kind, place in places.items():
        _, index, row = found[place]
        if kind == 'median' and place == 0:
            continue
        job = Job(
            str(paths[row.bundle]), row.bundle, results.robot, row.fault, row.elapsed,
            results.seed + index, f'{cell.policy}, {kind}',
        )  # fmt: skip
        yield _Episode(cell, f'{cell.policy}, {condition}', kind, row.returns[index], job)


def _draw(episodes: Sequence[_Episode]) -> _Videos:
    """The videos of one cell, and why others could not be drawn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = folder / 'jobs.json'
        write_whole(jobs, json.dumps([asdict(episode.job) for episode in episodes]))
        why = drawn_apart(
            'liquid_control.report.robustness.walk_worker', [str(jobs), name], _TIMEOUT_S
        )
        if why is not None:
            return (), [why]
        walks, failed = [], []
        for number, episode in enumerate(episodes):
            found = json.loads((folder / f'{number}.json').read_text())
            if 'error' in found:
                failed.append(found['error'])
                continue
            content = (folder / f'{number}.mp4').read_bytes()
            if len(content) > 2 * _BYTES:
                failed.append('a video is too large')
                continue
            uri = f'data:video/mp4;base64,{base64.b64encode(content).decode()}'
            walks.append(Walk(uri, _caption(episode, found)))
        return tuple(walks), failed


def _caption(episode: _Episode, found: dict[str, Any]) -> str:
    """Which walk it is, how it ended, and whether it is the one that was measured."""
    ended = 'ends with a fall' if found['fell'] else 'reaches its end'
    text = (
        f'{episode.kind.capitalize()} walk, seed {episode.job.seed}: return {found["total"]:.0f}, '
        f'{ended} after {found["seconds"]:.1f} s'
    )
    if found['seconds'] > found['shown_s'] + 0.1:
        text += f' (shown: the last {found["shown_s"]:.1f} s)'
    if abs(found['total'] - episode.total) > _SAME * max(1.0, abs(episode.total)):
        text += f'. It was run again and is not the walk measured, of return {episode.total:.0f}'
    return f'{text}.'


def _problem(problems: Counter[str]) -> str:
    if not problems:
        return ''
    reasons = '; '.join(
        f'{why} ({count} times)' if count > 1 else why for why, count in problems.most_common(3)
    )
    return f'Some videos of walks are missing: {reasons}.'
