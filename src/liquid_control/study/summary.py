"""Results of a comparison as rows, one for each cell and size, over its seeds."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from liquid_control.evaluation.statistics import bounds_name, interquartile_mean, interval
from liquid_control.report.fitted import Figure, FittedTable
from liquid_control.study.footing import at_end
from liquid_control.study.run import COMPARISON, TUNING
from liquid_control.study.sequences import StudyData

TITLES = {
    'test_valid_time': 'free run, valid time',
    'outside_valid_time': 'free run outside, valid time',
}
"""Score of a free run → its title; more is better. :func:`heading` adds the unit."""
HORIZON = '_horizon_'
"""Marks, in its name, a score by steps of a free run: step → score, None if it is infinite."""
_SCORED = 'test_', 'outside_', 'validation_', 'train_'
_COSTS = 'seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'


def summarize(
    results: Iterable[Mapping[str, Any]], data: StudyData, part: str = COMPARISON
) -> list[dict[str, Any]]:
    """Rows, best first: scores as interquartile mean with interval over seeds, and costs.

    Args:
        results: results of finished runs, as in the study's folder.
        data: names the score that cells are compared by.
        part: of the study, whose runs are summarised.
    """
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    tried: dict[tuple[str, int], set[float]] = {}
    for result in results:
        run = result['run']
        key = run['cell'], next(iter(run['model'].values()), 0)
        if run['part'] == part:
            groups.setdefault(key, []).append(result)
        elif run['part'] == TUNING:
            tried.setdefault(key, set()).add(run['recipe']['learning_rate'])
    rows = [_row(cell, size, group, tried) for (cell, size), group in groups.items()]
    sign = -1.0 if data.greater else 1.0

    def rank(row: Mapping[str, Any]) -> tuple[int, float]:
        score = row['scores'].get(f'test_{data.criterion}')
        return row['size'], float('inf') if score is None else sign * score['iqm']

    return sorted(rows, key=rank)


def _row(cell: str, size: int, group: list, tried: Mapping) -> dict[str, Any]:
    whole = [result for result in group if not result.get('failed')]
    recipe = group[0]['run']['recipe']
    row: dict[str, Any] = {
        'cell': cell,
        'size': size,
        'seeds': sorted(result['run']['seed'] for result in whole),
        'failed': {r['run']['name']: r['failed'] for r in group if r.get('failed')},
        'learning_rate': recipe['learning_rate'],
        'at_end_of_grid': at_end(recipe['learning_rate'], tried.get((cell, size), ())),
        'updates': recipe['updates'],
        'scores': {},
    }
    if whole:
        for name in whole[0]:
            seeds = [result.get(name) for result in whole]
            numbers = all(isinstance(one, int | float) for one in seeds)  # no curve, no NaN
            if name.startswith(_SCORED) and numbers:
                middle, low, high = interval(seeds)
                row['scores'][name] = {'iqm': middle, 'low': low, 'high': high, 'seeds': seeds}
        row['horizons'] = _horizons(whole)
        for name in ('parameters', 'units', 'counts', 'state_bytes'):
            row[name] = whole[0].get(name)
        for name in _COSTS:
            row[name] = median(result[name] for result in whole)
    return row


def _horizons(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Each score by steps of a free run, as interquartile mean; None where one is infinite."""
    return {
        name: {
            step: None if None in at else float(interquartile_mean(at))
            for step in results[0][name]
            for at in [[result[name][step] for result in results]]
        }
        for name in results[0]
        if HORIZON in name and _alike([result.get(name) for result in results])
    }


def _alike(found: Sequence[Any]) -> bool:
    """Whether all are scores by the same steps."""
    return all(isinstance(one, Mapping) and one.keys() == found[0].keys() for one in found)


def table(
    rows: Sequence[Mapping[str, Any]],
    data: StudyData,
    baselines: Mapping[str, Mapping[str, Any]] | None = None,
) -> FittedTable:
    """The rows as a table for the terminal, and the baselines beneath them.

    Args:
        rows: of :func:`summarize`.
        data: the data set.
        baselines: name → scores, named as those of a cell.
    """
    baselines = baselines or {}
    shown = [f'test_{data.criterion}', f'outside_{data.criterion}', *TITLES]
    scored = {name for row in rows for name in row['scores']}
    shown = [name for name in shown if name in scored] or shown[:1]
    if len({row['size'] for row in rows}) > 1:
        shown = shown[:1]  # what sizes cost is the question
    seeds = max((len(row['seeds']) for row in rows), default=0)
    first: list[tuple[Figure, str]] = []
    costs = [(Figure('params', ',d'), 'parameters')]
    if len(shown) == 1:  # with more scores, a terminal has no room for them
        first = [(Figure('size', ',d'), 'size')]
        costs += [(Figure('round, s', '.2g'), 'seconds_round')]
        costs += [(Figure('saved, MiB', '.1f'), 'saved_mb')]
    made = FittedTable(
        'cell', *(column for column, _ in first), *(_score_column(name, data) for name in shown),
        *(column for column, _ in costs), Figure('lr'), keys=1 + len(first),
        title=f'{data.title}: {_interval(seeds)}',
    )  # fmt: skip
    for row in rows:
        found = [row['scores'].get(name, {}) for name in shown]
        scores: list[Any] = [(one.get('iqm'), one.get('low'), one.get('high')) for one in found]
        if not row['seeds']:
            scores[0] = 'failed'
        rate = f'{row["learning_rate"]:g}{" (end)" if row["at_end_of_grid"] else ""}'
        sizes, spent = ((row.get(key) for _, key in some) for some in (first, costs))
        made.add_row(row['cell'], *sizes, *scores, *spent, rate)
    for name, beside in baselines.items():
        known = ((beside.get(key), None, None) for key in shown)
        made.add_row(name, *[None] * len(first), *known, *[None] * len(costs), None)
    return made


def other_scores(rows: Sequence[Mapping[str, Any]], data: StudyData) -> FittedTable | None:
    """The scores on the test sequences that :func:`table` leaves out; None if there are none.

    Those of free runs are not among them.
    """
    known = (f'test_{data.criterion}', 'test_valid_time', 'test_whole')
    names = dict.fromkeys(name for row in rows for name in row['scores'])
    shown = [name for name in names if name.startswith('test_') and name not in known]
    if not shown:
        return None
    seeds = max(len(row['seeds']) for row in rows)
    made = FittedTable(
        'cell', Figure('size', ',d'), *(_score_column(name, data) for name in shown),
        keys=2, title=f'other scores: {_interval(seeds)}',
    )  # fmt: skip
    for row in rows:
        found = [row['scores'].get(name, {}) for name in shown]
        values = [(one.get('iqm'), one.get('low'), one.get('high')) for one in found]
        made.add_row(row['cell'], row['size'], *values)
    return made


def heading(name: str, units: Mapping[str, str]) -> str:
    """The title of a score, with its unit if there is one.

    Args:
        name: of the score in a result, such as ``test_valid_time``.
        units: :attr:`StudyData.units`.
    """
    title, unit = TITLES.get(name, name.replace('_', ' ')), units.get(name.partition('_')[2])
    return f'{title} in {unit}' if unit else title


def _score_column(name: str, data: StudyData) -> Figure:
    title = heading(name, data.units)
    return Figure(title, '.3g', ('IQM', 'low', 'high'), '{} [{}, {}]', alone=True)


def _interval(seeds: int) -> str:
    """What the brackets in a table over some seeds are."""
    if seeds < 2:
        return 'one seed, no interval'
    return f'interquartile mean of {seeds} seeds [{bounds_name(seeds)}]'
