"""The conditions of the study of synthetic series, and how long its runs train."""

import dataclasses
import itertools

from liquid_control.study import default_footing
from liquid_control.study.synthetic.data import NOISES, SAMPLINGS, SyntheticData
from liquid_control.study.synthetic.systems import SYSTEMS

FOOTING = dataclasses.replace(default_footing.FOOTING, updates=1_000)


def conditions(quick: bool = False) -> list[SyntheticData]:
    """Every system, sampling and noise, the hardest sampling and noise of all systems first.

    Quick: two systems, sampled irregularly, with noise.
    """
    if quick:
        return [SyntheticData(name, 'irregular', NOISES[-1]) for name in ('damped-sine', 'lorenz')]
    harder = itertools.product(reversed(SAMPLINGS), reversed(NOISES), SYSTEMS)
    return [SyntheticData(name, sampling, noise) for sampling, noise, name in harder]
