"""The comparisons of the studies, not shortened, and what results lack of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from liquid_control import cells
from liquid_control.study import default_footing, memory
from liquid_control.study.icu.plan import Plan
from liquid_control.study.synthetic import plan as synthetic
from liquid_control.study.walker2d_kinematics import comparison

FULL = {
    'walker2d-kinematics': comparison.footing((), comparison.BUDGETS[:1], 3),
    'synthetic': synthetic.FOOTING,
    'memory': memory.FOOTING,
    'icu': Plan().footing,
    'own': default_footing.FOOTING,
}
"""Study → its comparison, not shortened."""
CONDITIONS = {'synthetic': len(synthetic.conditions())}
"""Study of several data sets → how many it has."""


def left_out(study: str, results: Iterable[Mapping[str, Any]], compared: int = 1) -> str:
    """How many of the conditions, cells, sizes and seeds of a study were compared, if not all.

    Args:
        study: its name.
        results: its compared runs under one condition.
        compared: number of its data sets with compared runs.
    """
    if study not in FULL:
        return ''
    every = CONDITIONS.get(study, 1)
    lacking = [f'{compared} of {every} conditions'] if compared < every else []
    full, runs = FULL[study], [result['run'] for result in results]
    wanted = {
        'cells': set(full.cells or cells.names()),
        'sizes': set(full.sizes),
        'seeds': set(range(full.seeds)),
    }
    found = {
        'cells': {run['cell'] for run in runs},
        'sizes': {run['model'].get(full.size) for run in runs},
        'seeds': {run['seed'] for run in runs},
    }
    lacking += [
        f'{len(all_ & found[name])} of {len(all_)} {name}'
        for name, all_ in wanted.items()
        if all_ - found[name]
    ]
    return ', '.join(lacking)
