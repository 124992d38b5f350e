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
    from liquid_control.evaluation.robustness.suites import (
        GENERALIZATION,
        PRESETS,
        ROBUSTNESS,
        fitting,
        preset,
    )

__all__ = [
    'GENERALIZATION',
    'MEASURED',
    'NOMINAL',
    'PRESETS',
    'ROBUSTNESS',
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
    'fitting',
    'preset',
]
__getattr__ = lazy_names(
    __name__,
    {
        'analysis': ('analyse',),
        'figures': (
            'Analysis', 'Cell', 'Curve', 'Estimate', 'Gain', 'Improvement', 'Profile', 'Standing',
        ),
        'results': ('MEASURED', 'NOMINAL', 'Measurement', 'PolicyFacts', 'RobustnessResults'),
        'suites': ('GENERALIZATION', 'PRESETS', 'ROBUSTNESS', 'fitting', 'preset'),
    },
)  # fmt: skip
