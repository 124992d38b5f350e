"""The conditions of the study of synthetic series, and how long its runs train."""

import dataclasses
import itertools

from liquid_control.study import default_footing
from liquid_control.study.synthetic.data import NOISES, SyntheticData
from liquid_control.study.synthetic.systems import SYSTEMS

FOOTING = dataclasses.replace(default_footing.FOOTING, updates=500, tuning_share=0.4)
HARDER = (('regular', NOISES[0]), ('regular', NOISES[-1]), ('irregular', NOISES[-1]))
"""Sampling and noise of all systems, each with one difficulty more than the one before."""


def conditions(quick: bool = False) -> list[SyntheticData]:
    """Every system with every sampling and noise of :data:`HARDER`, the hardest first.

    Quick: two systems with the hardest.
    """
    names = ('damped-sine', 'lorenz') if quick else tuple(SYSTEMS)
    asked = HARDER[-1:] if quick else tuple(reversed(HARDER))
    return [SyntheticData(name, *harder) for harder, name in itertools.product(asked, names)]
