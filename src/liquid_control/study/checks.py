"""What is found wrong before any training starts: data, scores, and results of other settings."""

import pickle
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path, PurePath

import numpy as np

from liquid_control.study.finished import Finished
from liquid_control.study.footing import Footing
from liquid_control.study.run import ResultStore, Run
from liquid_control.study.sequences import DataError, Sequences, Split, StudyData, scored

_FAR = 10.0
"""Times 1, or one over this, from which on a median of elapsed times is not about 1."""


def checked(
    footing: Footing,
    folder: Path,
    data: StudyData,
    split: Split,
    others: Sequence[Run] = (),
    finished: Finished | None = None,
) -> ResultStore:
    """Check a data set and its folder before they are used.

    Args:
        footing: the runs of the comparison.
        folder: of the results on this data set.
        data: the data set.
        split: what it loads.
        others: further runs on it.
        finished: results by data set from elsewhere, which count for runs without one.

    Returns:
        The results in the folder.

    Raises:
        DataError: its parts or targets do not fit, or its scores cannot be used.
        ValueError: a result in the folder is broken, or has other settings or other data.
    """
    check_parts(data, split)
    check_usable(data)
    if split.validation is None and footing.tunes:
        raise DataError(
            f'{type(data).__name__}.load: validation: expected Sequences, by which the step size '
            'is chosen, found None'
        )
    store = ResultStore(folder, split.sha256, data.criterion)
    known, compared = [*footing.tuning(), *others], footing.runs({})
    if finished is not None:
        finished.give(known, compared, store, footing.tunes, data.name)
    check_results(known, compared, store, footing.tunes)
    check_scores(data, split)
    return store


def check_results(
    runs: Sequence[Run], compared: Sequence[Run], store: ResultStore, tuned: bool
) -> None:
    """Check that no result in the folder has other settings or other data.

    Args:
        runs: whose settings are known.
        compared: whose settings are known but for the step size, if it is tuned.
        store: the folder.
        tuned: whether it is.

    Raises:
        ValueError: as for :meth:`ResultStore.result`.
    """
    for run in runs:
        store.result(run)
    for run in compared:
        store.result(run, any_step_size=tuned)


def check_names(data: StudyData) -> None:
    """Check the names of a data set, of which one is that of its folder.

    Raises:
        DataError: one is missing or of another type; the message names the class.
    """
    kind = type(data).__name__
    for attribute in ('name', 'title'):
        if not isinstance(getattr(data, attribute, None), str):
            raise DataError(f'{kind}: expected an attribute {attribute}, a text')
    if data.name in ('results.json', 'report.html'):
        raise DataError(f'{kind}.name: {data.name} is the name of a file of the study')
    if PurePath(data.name).parts != (data.name,) or data.name in ('.', '..'):
        raise DataError(f'{kind}.name: expected the name of a folder, found {data.name!r}')


def check_parts(data: StudyData, split: Split) -> None:
    """Check that the parts of a split have the shapes that the data set needs.

    Raises:
        DataError: they do not; the message names the class and the part.
    """
    kind = type(data).__name__
    if not isinstance(split, Split):
        raise DataError(f'{kind}.load: expected a Split, found {type(split).__name__}')
    if not isinstance(split.sha256, str):
        raise DataError(f'{kind}.load: sha256: expected a text, found {split.sha256!r}')
    for name in ('train', 'validation', 'test'):
        part = getattr(split, name)
        if part is None and name == 'validation':
            continue
        where = f'{kind}.load: {name}'
        if not isinstance(part, Sequences):
            raise DataError(f'{where}: expected Sequences, found {type(part).__name__}')
        channels, wanted = part.x.shape[-1], split.train.x.shape[-1]
        if channels != wanted:
            raise DataError(f'{where}: x: expected {wanted} channels as in train, found {channels}')
        if split.train.observed is None and not part.measured[part.present].all():
            raise DataError(
                f'{where}: observed: expected all inputs measured as in train, whose observed is '
                'None, so that the model does not see what is missing; give train one too'
            )
        if not data.binary and part.target.shape != part.x.shape:
            raise DataError(
                f'{where}: target: expected frames to come of shape {part.x.shape}, '
                f'found {part.target.shape}; classes need binary = True'
            )
    check_gaps(data, split.train)
    if data.binary:
        check_classes(data, split)


def check_usable(data: StudyData) -> None:
    """Check that a data set can be sent to the processes that train, and its other attributes.

    Raises:
        DataError: it cannot, or one is of another type; the message names it.
    """
    kind = type(data).__name__
    try:
        pickle.dumps(data)
    except Exception as error:
        raise DataError(f'{kind}: cannot be pickled for training processes: {error}') from None
    if not isinstance(data.units, Mapping):
        raise DataError(f'{kind}.units: expected a dict of scores to units, found {data.units!r}')
    weight = data.positive_weight
    if not isinstance(weight, Real) or not 0 < float(weight) < np.inf:
        raise DataError(f'{kind}.positive_weight: expected a finite number, found {weight!r}')


def check_gaps(data: StudyData, train: Sequences) -> None:
    """Check that elapsed times are in typical gaps, as the cells expect them.

    Raises:
        DataError: their median is far from 1.
    """
    gaps = train.elapsed[train.present]
    middle = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 1.0
    if not 1 / _FAR < middle < _FAR:
        raise DataError(
            f'{data.name}, train: elapsed: expected times in typical gaps, with a median of about '
            f'1, found a median of {middle:.3g}: divide them by it'
        )


def check_classes(data: StudyData, split: Split) -> None:
    """Check that all targets are classes 0 and 1, (N, 1), and both are in the training part.

    Raises:
        DataError: the message names the part, and the sequence where there is one.
    """
    for name in ('train', 'validation', 'test'):
        part: Sequences | None = getattr(split, name)
        if part is None:
            continue
        target = part.target
        if target.shape != (len(part), 1):
            raise DataError(
                f'{data.name}, {name}: target: binary data need shape ({len(part)}, 1), '
                f'found {target.shape}'
            )
        wrong = np.flatnonzero(~np.isin(target[:, 0], (0, 1)))
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f'{data.name}, {name}: {part.describe(row)}: target: '
                f'binary data need 0 or 1, found {target[row, 0]:g}'
            )
    found = np.unique(split.train.target)
    if len(found) == 1:
        raise DataError(
            f'{data.name}, train: target: expected classes 0 and 1, found only {found[0]:g} '
            f'in {len(split.train)} sequences'
        )


def check_scores(data: StudyData, split: Split) -> None:
    """Check the scores of an output of noise: finite numbers, the criterion among them.

    The output is not constant, for which a correlation, say, has no value.

    Raises:
        DataError: a score is not finite, or the criterion is missing; the names are listed.
    """
    part = split.test if split.validation is None else split.validation
    output = np.random.default_rng(0).standard_normal(part.target.shape).astype(np.float32)
    if output.ndim == 3:
        output[~part.present] = 0.0
    for name, score in scored(data, output, part, 'an output of noise').items():
        if not isinstance(score, Real) or not np.isfinite(float(score)):
            raise DataError(
                f'{data.name}: scores() returned {name} {score!r} for an output of noise; '
                'expected finite numbers'
            )
