"""How policies degrade under faults: what is measured, and what follows from it.

:class:`RobustnessResults` is what was measured, :func:`analyse` makes an :class:`Analysis` of it.
Names are imported when they are used, because ``analyse`` needs SciPy.
"""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.evaluation.robustness.analysis import analyse
    from liquid_control.evaluation.robustness.figures import (
        Analysis,
        Cell,
        Curve,
        Estimate,
        Gain,
        Improvement,
        Profile,
        Standing,
    )
    from liquid_control.evaluation.robustness.results import (
        MEASURED,
        NOMINAL,
        Measurement,
        PolicyFacts,
        RobustnessResults,
    )

__all__ = [
    'MEASURED',
    'NOMINAL',
    'Analysis',
    'Cell',
    'Curve',
    'Estimate',
    'Gain',
    'Improvement',
    'Measurement',
    'PolicyFacts',
    'Profile',
    'RobustnessResults',
    'Standing',
    'analyse',
]
__getattr__ = lazy_names(
    __name__,
    {
        'analysis': ('analyse',),
        'figures': (
            'Analysis', 'Cell', 'Curve', 'Estimate', 'Gain', 'Improvement', 'Profile', 'Standing',
        ),
        'results': ('MEASURED', 'NOMINAL', 'Measurement', 'PolicyFacts', 'RobustnessResults'),
    },
)  # fmt: skip
