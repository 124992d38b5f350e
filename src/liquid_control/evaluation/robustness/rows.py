"""The figures of a comparison as CSV: one row a policy, family, level and elapsed time."""

import csv
import io
import math
from typing import Any

from liquid_control.evaluation.robustness.figures import Analysis, Estimate
from liquid_control.evaluation.robustness.results import RobustnessResults

_ESTIMATES = ('percent', 'keeps', 'mean', 'fallen', 'prediction')
_POINTS = ('points', 'points_low', 'points_high')
_COUNTS = ('episodes', 'falls', 'stopped')


def csv_text(results: RobustnessResults, analysis: Analysis) -> str:
    """All cells as CSV: numbers with all their digits, empty where there is none.

    An estimate ``x`` has the columns ``x``, ``x_low`` and ``x_high``; docs/robustness.md says
    what each is.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    estimates = [name + end for name in _ESTIMATES for end in ('', '_low', '_high')]
    names = ['policy', 'cell', 'trainings', 'bundles', 'family', 'level', 'unit', 'fault']
    names.append('elapsed')
    writer.writerow([*names, *_COUNTS, *estimates, 'best', 'against', *_POINTS, 'error'])
    facts = {one.name: one for one in results.policies}
    units = {family.name: family.unit for family in results.families}
    for cell in analysis.cells:
        policy = facts[cell.policy]
        digests = ' '.join(bundle['sha256'] for bundle in policy.bundles)
        row: list[Any] = [policy.name, policy.cell, len(policy.bundles), digests, cell.family]
        row += [f'{cell.level:g}' if cell.family else '', units.get(cell.family, '')]
        row += [cell.fault, cell.elapsed, *(getattr(cell, name) for name in _COUNTS)]
        for name in _ESTIMATES:
            row += _numbers(getattr(cell, name))
        row += [int(cell.best), cell.against, *_numbers(cell.points)]
        writer.writerow([*row, ' '.join(cell.error.split())])
    return text.getvalue()


def _numbers(estimate: Estimate) -> list[float | str]:
    numbers = (estimate.value, estimate.low, estimate.high)
    return ['' if math.isnan(number) else number for number in numbers]
