"""The outcomes of a set: who died in hospital, and the severity scores of the ward."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from liquid_control.study.icu.files import decoded
from liquid_control.study.sequences import DataError

COLUMNS = ('RecordID', 'SAPS-I', 'SOFA', 'Length_of_stay', 'Survival', 'In-hospital_death')


@dataclass(frozen=True)
class Outcome:
    """One patient's outcome.

    Attributes:
        line: line in the file.
        died: whether the patient died in hospital.
        saps, sofa: severity on the first day; NaN where not known (-1 in the file).
    """

    line: int
    died: bool
    saps: float
    sofa: float


def read(path: Path) -> dict[str, Outcome]:
    """RecordID → outcome.

    Raises:
        DataError: the file cannot be read; the message names file and line.
    """
    try:
        text = decoded(str(path), path.read_bytes())
    except OSError as error:
        raise DataError(f'{path}: {error.strerror}') from None
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    if tuple(header) != COLUMNS:
        raise DataError(f'{path}, line 1: expected {",".join(COLUMNS)}, found {",".join(header)!r}')
    found: dict[str, Outcome] = {}
    for row in rows:
        where = f'{path}, line {rows.line_num}'
        if len(row) != len(COLUMNS):
            raise DataError(f'{where}: expected {len(COLUMNS)} values, found {len(row)}')
        number, saps, sofa, _, _, died = row
        if not number.isdecimal():
            raise DataError(f'{where}: {COLUMNS[0]}: expected a number, found {number!r}')
        if number in found:
            raise DataError(f'{where}: patient {number} is on line {found[number].line} already')
        if died not in ('0', '1'):
            raise DataError(f'{where}: {COLUMNS[-1]}: expected 0 or 1, found {died!r}')
        scores = [
            _score(where, name, text) for name, text in zip(COLUMNS[1:3], (saps, sofa), strict=True)
        ]
        found[number] = Outcome(rows.line_num, died == '1', *scores)
    if not found:
        raise DataError(f'{path}: expected one line a patient, found none')
    return found


def _score(where: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise DataError(f'{where}: {name}: expected a number, found {text!r}')
    return math.nan if value < 0 else value
