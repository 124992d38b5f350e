"""One patient's file, read and cleaned: rows of time, variable and value → steps of 41 values."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from liquid_control.control.schema import unknown
from liquid_control.study.icu.variables import (
    DESCRIPTORS,
    LATER,
    MISSING,
    NAMES,
    RECORD,
    VARIABLES,
)
from liquid_control.study.sequences import DataError

HEADER, LAST = 'Time,Parameter,Value', 48 * 60
"""First line of a file, and the last minute of a record."""
_TIME = re.compile(r'([0-9]{2}):([0-5][0-9])')
_COLUMN = {name: index for index, name in enumerate(NAMES)}
_ONCE = frozenset(DESCRIPTORS) - frozenset(LATER)


@dataclass(frozen=True)
class Record:
    """One patient.

    Attributes:
        number: the patient's RecordID.
        minutes: minutes since admission of each step, (T,) int, ascending from 0.
        values: (T, 41); NaN where not measured.
        rows: number of rows in the file.
        missing: variable → rows with -1.
        impossible: variable → rows whose value cannot be.
        repeated: variable → rows beyond the first of a time and variable.
        conflicting: variable → times at which rows of that variable differ.
    """

    number: str
    minutes: np.ndarray
    values: np.ndarray
    rows: int
    missing: Counter[str]
    impossible: Counter[str]
    repeated: Counter[str]
    conflicting: Counter[str]


def read(name: str, text: str) -> Record:
    """Read and clean one file.

    -1 and impossible values are missing. Rows of the same time and variable become their mean. A
    step is a time with at least one value; the first is always 00:00.

    Args:
        name: name for messages, ending in ``NUMBER.txt``.
        text: its content.

    Raises:
        DataError: a row cannot be read; the message names file and line.
    """
    number = PurePosixPath(name).stem
    missing, impossible, repeated, conflicting = (Counter() for _ in range(4))
    kept: dict[tuple[int, int], list[float]] = {}
    seen, rows = False, list(_rows(name, text))
    for where, minute, variable, value in rows:
        if variable == RECORD:
            _require_number(where, value, number)
            seen = True
            continue
        column = _column(where, variable, minute)
        if value == MISSING:
            missing[variable] += 1
        elif not _possible(column, value):
            impossible[variable] += 1
        else:
            kept.setdefault((minute, column), []).append(value)
    if not seen:
        raise DataError(f'{name}: expected a row 00:00,{RECORD},{number}')
    minutes = np.array(sorted({0, *(minute for minute, _ in kept)}))
    step = {int(minute): index for index, minute in enumerate(minutes)}
    values = np.full((len(minutes), len(NAMES)), np.nan)
    for (minute, column), found in kept.items():
        values[step[minute], column] = sum(found) / len(found)
        if len(found) > 1:
            repeated[NAMES[column]] += len(found) - 1
        if min(found) < max(found):
            conflicting[NAMES[column]] += 1
    return Record(number, minutes, values, len(rows), missing, impossible, repeated, conflicting)


def _rows(name: str, text: str) -> Iterator[tuple[tuple[str, int], int, str, float]]:
    """((file, line), minute, variable, value) of each row."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != HEADER:
        found = repr(lines[0]) if lines else 'an empty file'
        raise DataError(f'{name}, line 1: expected {HEADER!r}, found {found}')
    for line, row in enumerate(lines[1:], 2):
        where, cells = (name, line), row.split(',')
        if len(cells) != 3:
            raise _error(where, f'expected time, variable and value, found {row!r}')
        yield where, _minute(where, cells[0]), cells[1], _number(where, cells[2])


def _minute(where: tuple[str, int], text: str) -> int:
    match = _TIME.fullmatch(text)
    minute = int(match.group(1)) * 60 + int(match.group(2)) if match else LAST + 1
    if minute > LAST:
        raise _error(where, f'time: expected HH:MM from 00:00 to 48:00, found {text!r}')
    return minute


def _number(where: tuple[str, int], text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _error(where, f'value: expected a number, found {text!r}')
    return value


def _column(where: tuple[str, int], variable: str, minute: int) -> int:
    column = _COLUMN.get(variable)
    if column is None:
        raise _error(where, unknown('variable', variable, [RECORD, *NAMES]))
    if minute and variable in _ONCE:
        raise _error(where, f'{variable}: expected at 00:00 alone')
    return column


def _possible(column: int, value: float) -> bool:
    variable = VARIABLES[column]
    return variable.low <= value <= variable.high and not (variable.above and value == variable.low)


def _require_number(where: tuple[str, int], value: float, number: str) -> None:
    if value != float(number):
        raise _error(where, f'{RECORD}: expected {number} as in the file name, found {value:g}')


def _error(where: tuple[str, int], text: str) -> DataError:
    return DataError(f'{where[0]}, line {where[1]}: {text}')
