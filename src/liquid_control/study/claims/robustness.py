"""The CSV files of benchmarks of robustness."""

import csv
import io
import math
from collections.abc import Mapping
from typing import NamedTuple

from liquid_control.evaluation.robustness import Estimate

BENCHMARKS = 'robustness', 'generalization'
"""The benchmarks, and the names of their files."""
_COLUMNS = 'policy', 'family', 'level', 'percent', 'percent_low', 'percent_high', 'episodes'


class Condition(NamedTuple):
    """All policies under one fault at one level.

    Attributes:
        family: name of the fault.
        condition: fault and level.
        percent: policy → return, in % of the reference.
        keeps: policy → return, in % of its own without a fault.
        episodes: number of episodes of each.
    """

    family: str
    condition: str
    percent: Mapping[str, Estimate]
    keeps: Mapping[str, Estimate]
    episodes: int


def conditions(text: str) -> tuple[list[Condition], dict[str, str]]:
    """The conditions with a fault, with the measured elapsed time; policy → digests of its bundles.

    Files of older versions have no digests.

    Raises:
        ValueError: a column is missing, a row is cut off or there twice, or a value is no number;
            the message names the line.
    """
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f'line 1: expected the columns {", ".join(missing)}')
    clean: dict[str, Estimate] = {}
    faulty: dict[tuple[str, str], dict[str, Estimate]] = {}
    episodes = 0
    bundles: dict[str, str] = {}
    for row in reader:
        if None in row.values():
            raise ValueError(f'line {reader.line_num}: expected {len(row)} columns')
        if row.get('bundles'):
            bundles[row['policy']] = row['bundles']
        if row.get('elapsed', 'measured') != 'measured':
            continue
        try:
            found = Estimate(*(_number(row[name]) for name in _COLUMNS[3:6]))
            episodes = max(episodes, int(row['episodes']))
        except ValueError as error:
            raise ValueError(f'line {reader.line_num}: {error}') from None
        place = clean if not row['family'] else faulty.setdefault((row['family'], row['level']), {})
        if row['policy'] in place:
            condition = ' '.join((row['policy'], row['family'], row['level'])).strip()
            raise ValueError(f'line {reader.line_num}: {condition} is there twice')
        place[row['policy']] = found
    found = [
        Condition(
            family, f'{family} {level}', known,
            {name: kept(one, clean[name]) for name, one in known.items() if name in clean},
            episodes,
        )
        for (family, level), percent in faulty.items()
        if (known := {name: one for name, one in percent.items() if not math.isnan(one.value)})
    ]  # fmt: skip
    return found, bundles


def kept(faulty: Estimate, clean: Estimate) -> Estimate:
    """A return as a share of that without a fault, in %.

    The interval is that of the ends of both, which is wider than that of their ratio.
    """
    if not (clean.value > 0 and clean.low > 0):
        return Estimate(math.nan)
    bounds = [100 * a / b for a in (faulty.low, faulty.high) for b in (clean.low, clean.high)]
    return Estimate(100 * faulty.value / clean.value, min(bounds), max(bounds))


def _number(text: str) -> float:
    return float(text) if text else math.nan
