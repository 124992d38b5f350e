"""A cleaned set of patients: padded steps, outcomes, and what the cleaning did."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.study.icu import files, outcomes, record
from liquid_control.study.icu.outcomes import Outcome
from liquid_control.study.icu.record import Record
from liquid_control.study.icu.variables import DESCRIPTORS, NAMES, VARIABLES
from liquid_control.study.sequences import DataError, Sequences

HOUR = 60
"""Minutes in the unit of elapsed time."""
_RULES = ('missing', 'impossible', 'repeated', 'conflicting')


@dataclass(frozen=True)
class Patients:
    """All patients of a set, by number.

    Attributes:
        sequences: inputs of N patients, in the units of :data:`VARIABLES`, skewed ones as
            log(1 + value); a value stays until the next one of its variable, and ``observed`` says
            where it was measured; the target is 1 for a death in hospital.
        saps, sofa: severity scores of the first day, (N,); NaN where not known.
        cleaning: what the rules of cleaning met, as plain JSON.
        sha256: digest of the above.
    """

    sequences: Sequences
    saps: np.ndarray
    sofa: np.ndarray
    cleaning: dict[str, Any]
    sha256: str


def load(given: str | Path) -> Patients:
    """Read and clean a set.

    Args:
        given: its folder or archive, see :mod:`liquid_control.study.icu.files`.

    Raises:
        DataError: the data cannot be used; the message names file and line.
    """
    where = files.find(given)
    died = outcomes.read(where.outcomes)
    names, records = [], []
    for name, text in where.read():
        records.append(record.read(name, text))
        names.append(name)
    _require_same(where, {one.number: name for one, name in zip(records, names, strict=True)}, died)
    rows = [died[one.number] for one in records]
    sequences = _sequences(records, rows)
    saps, sofa = (np.array([getattr(row, name) for row in rows]) for name in ('saps', 'sofa'))
    return Patients(sequences, saps, sofa, _cleaning(records, rows), _digest(sequences, saps, sofa))


def _require_same(where: files.Files, names: Mapping[str, str], died: Mapping[str, Outcome]):
    """Raise DataError unless there is one outcome a record and one record an outcome."""
    for number, name in names.items():
        if number not in died:
            raise DataError(f'{name}: {where.outcomes} has no outcome of patient {number}')
    for number, row in died.items():
        if number not in names:
            raise DataError(
                f'{where.outcomes}, line {row.line}: {where.records} has no patient {number}'
            )


def _sequences(records: Sequence[Record], rows: Sequence[Outcome]) -> Sequences:
    count, steps = len(records), max(len(one.minutes) for one in records)
    x = np.zeros((count, steps, len(NAMES)), np.float32)
    observed = np.zeros(x.shape, bool)
    elapsed = np.zeros((count, steps, 1), np.float32)
    present = np.zeros((count, steps), bool)
    skewed = [index for index, variable in enumerate(VARIABLES) if variable.skewed]
    for index, one in enumerate(records):
        length, values = len(one.minutes), one.values.copy()
        values[:, skewed] = np.log1p(values[:, skewed])
        observed[index, :length] = ~np.isnan(values)
        x[index, :length] = _carried(values)
        elapsed[index, 0] = 1.0  # a cell's first elapsed time, by convention
        elapsed[index, 1:length, 0] = np.diff(one.minutes) / HOUR
        present[index, :length] = True
    target = np.array([[row.died] for row in rows], np.float32)
    names = tuple(one.number for one in records)
    return Sequences(x, elapsed, target, present, observed, names)


def _carried(values: np.ndarray) -> np.ndarray:
    """Each variable's last value so far, (T, C); 0 before its first."""
    steps = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, steps), axis=0)
    return np.where(last < 0, 0.0, np.take_along_axis(values, np.maximum(last, 0), axis=0))


def _cleaning(records: Sequence[Record], rows: Sequence[Outcome]) -> dict[str, Any]:
    """What each rule met, in all and by variable."""
    whole: dict[str, Any] = {
        'patients': len(records),
        'deaths': sum(row.died for row in rows),
        'rows': sum(one.rows for one in records),
        'steps': sum(len(one.minutes) for one in records),
        'longest': max(len(one.minutes) for one in records),
        'descriptors_only': sum(_descriptors_only(one) for one in records),
    }
    for rule in _RULES:
        found: Counter[str] = sum((getattr(one, rule) for one in records), Counter())
        whole[rule] = {'rows': found.total(), 'by_variable': dict(sorted(found.items()))}
    return whole


def _descriptors_only(one: Record) -> bool:
    """Whether nothing but descriptors at 00:00 was kept."""
    later = [index for index, name in enumerate(NAMES) if name not in DESCRIPTORS]
    return len(one.minutes) == 1 and bool(np.isnan(one.values[0, later]).all())


def _digest(sequences: Sequences, *scores: np.ndarray) -> str:
    digest = hashlib.sha256(json.dumps(list(sequences.names)).encode())
    for values in (sequences.x, sequences.observed, sequences.elapsed, sequences.target, *scores):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
