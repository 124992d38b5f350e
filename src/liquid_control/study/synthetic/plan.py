"""The conditions of the study of synthetic series."""

import itertools

from liquid_control.study.synthetic.data import NOISES, SAMPLINGS, SyntheticData
from liquid_control.study.synthetic.systems import SYSTEMS


def conditions(quick: bool = False) -> list[SyntheticData]:
    """Every system, sampling and noise; quick: two systems, sampled irregularly, with noise."""
    if quick:
        return [SyntheticData(name, 'irregular', NOISES[-1]) for name in ('damped-sine', 'lorenz')]
    return [SyntheticData(*each) for each in itertools.product(SYSTEMS, SAMPLINGS, NOISES)]
