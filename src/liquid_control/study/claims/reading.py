"""Results of studies and benchmarks as groups of scores that can be compared."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from liquid_control import paths
from liquid_control.evaluation.robustness import Estimate
from liquid_control.evaluation.statistics import interval
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study.claims.checking import check_group, check_run, once
from liquid_control.study.claims.files import distinct, files, naming
from liquid_control.study.claims.full import CONDITIONS, FULL, left_out
from liquid_control.study.claims.robustness import BENCHMARKS, Condition, conditions
from liquid_control.study.claims.rule import SHORT
from liquid_control.study.claims.runs import by_cell, compared
from liquid_control.study.claims.trained import ROBOT, trainings
from liquid_control.study.claims.versions import versioned
from liquid_control.study.run import FORMAT
from liquid_control.study.summary import TITLES, heading

_KEPT = "return, in % of the policy's own without a fault"
_NOISY = {'test_noisy_nmse': 'error under stronger noise, nmse'}
"""Score under noise that training lacked → its title. The error over that of the test is no such
score: it is least for cells that err anyway."""
_FIGURES = 'parameters', 'state_bytes', 'seconds_round', 'saved_mb', 'peak_resident_mb'


def read(given: Sequence[Path], beside: Path) -> list[Group]:
    """All groups in files, and in the files of folders that are results.

    A copy counts once, and a file all of whose runs are in another one does not count.

    Args:
        given: files of results, or folders that hold some.
        beside: the folder from which links are made.

    Raises:
        ValueError: a file is broken or has another format, or a path does not exist; the message
            names it.
    """
    groups = []
    for path, (whole, digest) in distinct(files(given)).items():
        source = Source(os.path.relpath(path, beside), digest, '')
        with naming(path):
            found = _read(path, whole, source)
            for group in found:
                check_group(group)
        groups += found
    return groups


def linked(groups: Sequence[Group], before: Path, beside: Path) -> list[Group]:
    """The groups with links from another folder.

    Args:
        groups: with links from the folder ``before``.
        before: that folder.
        beside: the folder from which links are made.
    """
    moved = {
        source: replace(source, path=os.path.relpath(before / source.path, beside))
        for source in {group.source for group in groups}
    }
    return [replace(group, source=moved[group.source]) for group in groups]


def _read(path: Path, whole: Any, source: Source) -> list[Group]:
    if path.suffix == '.csv':
        if path.stem not in BENCHMARKS:
            names = ' or '.join(f'{name}.csv' for name in BENCHMARKS)
            raise ValueError(f'expected a file named {names}, found {path.name}')
        rows, bundles = conditions(whole)
        names = dict.fromkeys(name for row in rows for name in row.percent)
        source = replace(source, **_asked(path, names, rows))
        trained = trainings(names, bundles)
        return [
            Group(
                path.stem, row.condition, criterion, True,
                {name: Score(one) for name, one in scores.items()},
                source, family=row.family, over='episodes', trainings=trained,
            )
            for row in rows
            for criterion, scores in (('return', row.percent), (_KEPT, row.keeps))
        ]  # fmt: skip
    if not isinstance(whole, dict):
        raise ValueError(f'found {type(whole).__name__}, not an object')
    if whole.get('format', FORMAT) != FORMAT:
        raise ValueError(f'format: expected {FORMAT}, found {whole["format"]!r}')
    command = str((whole.get('provenance') or {}).get('command', ''))
    source = replace(source, command=command)
    if 'policies' in whole and 'notes' in whole:
        return [_costs(whole, source)]
    study = whole.get('study')
    for key in ('data', 'summary'):
        if not isinstance(whole.get(key, {}), dict):
            raise ValueError(f'{key}: expected an object, found {type(whole[key]).__name__}')
    quick = whole.get('complete') == 'quick' or '--quick' in command.split()
    if study == 'icu':
        _check_runs(whole.get('runs', ()))
        return _icu(whole, versioned(source, study, whole.get('runs', ())), quick)
    if study == 'parameters':
        return _parameters(whole, source)
    partial = not whole.get('complete', True)
    if study == 'walker2d-kinematics':
        _check_runs(whole['runs'])
        source = versioned(source, study, whole['runs'])
        return _footed(study, '', whole['runs'], 'mse', False, source, quick, partial, {})
    if not isinstance(study, str) or 'data' not in whole:
        return []  # of something else, such as a comparison of robustness
    everything = [run for each in whole['data'].values() for run in each['runs']]
    _check_runs(everything)
    source = versioned(source, study, everything)
    several = len(whole['data']) > 1 or study in CONDITIONS
    begun = sum(bool(compared(each['runs'])) for each in whole['data'].values())
    return [
        group
        for each in whole['data'].values()
        for group in _footed(
            study, each['title'] if several else '', each['runs'], each['criterion'],
            each['greater'], source, quick, partial, each.get('units', {}), begun,
        )
    ]  # fmt: skip


def _footed(
    study: str,
    condition: str,
    results: Iterable[Mapping[str, Any]],
    criterion: str,
    greater: bool,
    source: Source,
    quick: bool,
    partial: bool,
    units: Mapping[str, str],
    begun: int = 1,
) -> list[Group]:
    """Groups of runs on the same footing: one a size and score."""
    sizes: dict[int, list[Mapping[str, Any]]] = {}
    for result in compared(results):
        sizes.setdefault(next(iter(result['run']['model'].values()), 0), []).append(result)
    scores = {
        f'test_{criterion}': (f'test {criterion}', greater),
        f'outside_{criterion}': (f'outside {criterion}', greater),
        **{key: (title, False) for key, title in _NOISY.items()},
        **{name: (heading(name, units), True) for name in TITLES},
    }
    made = []
    missing_runs = left_out(study, [run for every in sizes.values() for run in every], begun)
    partial = partial or bool(missing_runs)
    lengths = {size: _steps(study, every) for size, every in sizes.items()}
    alike = len(set(lengths.values())) == 1
    for size, every in sorted(sizes.items()):
        steps, few = lengths[size]
        unit = 'units' if 'units' in every[0]['run']['model'] else 'parameters'
        said = [
            missing_runs or ('not complete' if partial else ''),
            steps if alike or not steps else f'{steps} at {size:,} {unit}',
        ]
        where = ', '.join(filter(None, (condition, f'{size:,} {unit}')))
        for key, (title, more) in scores.items():
            if any(key in result for result in every):
                cells, failed, missing = by_cell(every, key)
                found = {
                    cell: Score(_over_seeds([run[key] for run in runs]), _figures(runs))
                    for cell, runs in cells.items()
                }
                made.append(
                    Group(
                        study, where, title, more, found, source,
                        '; '.join(filter(None, (*said, missing))), quick, few, partial, failed,
                    )
                )  # fmt: skip
    return made


def _check_runs(results: Iterable[Any]) -> None:
    for number, result in enumerate(results):
        check_run(number, result)


def _asked(path: Path, names: Iterable[str], rows: Sequence[Condition]) -> dict[str, str]:
    """The command of a benchmark as far as its rows tell, and a note that it may have had more."""
    episodes = max((row.episodes for row in rows), default=0)
    shipped = set(paths.policies(ROBOT)) - {'expert'} <= set(names)
    policies = 'all' if shipped else ','.join(names)
    command = f'liquid-control benchmark {path.stem} --policy {policies} --episodes {episodes}'
    return {
        'command': f'{command} --csv {path.name}',
        'note': 'as its rows tell; other options are not in the file',
    }


def _steps(study: str, results: Iterable[Mapping[str, Any]]) -> tuple[str, bool]:
    """How many of the study's gradient steps runs had, if fewer or few; whether they are short."""
    steps = max(result['run']['recipe']['updates'] for result in results)
    full = FULL[study].updates if study in FULL else 0
    few = study in SHORT
    text = f'{steps:,} of {full:,}' if steps < full else f'{steps:,}' if few else ''
    return text and f'{text} gradient steps', few or 2 * steps < full


def _estimate(found: Mapping[str, Any]) -> Estimate:
    values = (found[name] for name in ('mean', 'low', 'high'))
    return Estimate(*(math.nan if value is None else value for value in values))


def _over_seeds(values: Iterable[float]) -> Estimate:
    return Estimate(*interval(list(values)))


def _figures(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The middle one of each figure over the seeds; the state's bytes from its size if need be."""
    found = {}
    for name in _FIGURES:
        values = sorted(run[name] for run in runs if run.get(name) is not None)
        if values:
            found[name] = float(values[len(values) // 2])
    if 'state_bytes' not in found and runs[0].get('counts'):
        found['state_bytes'] = 4.0 * runs[0]['counts']['state_size']
    return found


def _icu(whole: Mapping[str, Any], source: Source, quick: bool) -> list[Group]:
    every = compared(whole['runs'])
    rows = once(whole['summary']['comparison'], 'cell')
    scores = {
        row['cell']: Score(
            _estimate(row['means']['auroc']),
            {name: row[name] for name in _FIGURES if row.get(name) is not None},
            _estimate(row['from_best']) if 'from_best' in row else None,
            {name: _estimate(one) for name, one in row.get('differences', {}).items()},
        )
        for row in rows
        if 'means' in row
    }
    if not scores or not every:
        return []
    (said, few), missing = _steps('icu', every), left_out('icu', every)
    partial = bool(missing) or not whole.get('complete', True)
    return [
        Group(
            'icu', 'same footing', 'test auroc', True, scores, source,
            '; '.join(filter(None, (missing, said))), quick, few, partial, _lost(rows),
            over='patients',
        )
    ]  # fmt: skip


def _lost(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Cells without a score because all of their trainings failed."""
    return tuple(row['cell'] for row in rows if 'means' not in row)


def _parameters(whole: Mapping[str, Any], source: Source) -> list[Group]:
    sizes: dict[tuple[int, int], dict[str, Score]] = {}
    for one in once(whole['counts'], 'cell', 'order', 'units'):
        figures = {'parameters': one['parameters'], 'state_bytes': 4 * one['state_size']}
        at = one['order'], one['units']
        sizes.setdefault(at, {})[one['cell']] = Score(Estimate(math.nan), figures)
    return [
        Group('parameters', f'{order} inputs, {units} units', '', False, cells, source)
        for (order, units), cells in sizes.items()
    ]


def _costs(whole: Mapping[str, Any], source: Source) -> Group:
    cells = {
        row['policy']: Score(
            Estimate(math.nan), {key: one for key, one in row['figures'].items() if one is not None}
        )
        for row in once(whole['policies'], 'policy')
    }  # fmt: skip
    remark = 'bundles of about 20,000 parameters'
    return Group('cost', 'exported policies', '', False, cells, source, remark)
