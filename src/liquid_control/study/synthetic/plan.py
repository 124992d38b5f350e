"""The conditions of the study of synthetic series, and how cells are compared on each."""

import itertools

from liquid_control.study.footing import Footing
from liquid_control.study.synthetic.data import NOISES, SAMPLINGS, SyntheticData
from liquid_control.study.synthetic.systems import SYSTEMS

FOOTING = Footing(
    sizes=(5_000,), updates=2_000, learning_rates=(0.003, 0.01, 0.03), tuning_share=0.2, rounds=20
)
QUICK = Footing(
    cells=('cfc', 'ltc', 'gru'),
    sizes=(5_000,),
    updates=60,
    learning_rates=(0.02,),
    rounds=3,
    seeds=1,
)


def conditions(quick: bool = False) -> list[SyntheticData]:
    """Every system, sampling and noise; quick: two systems, sampled irregularly, with noise."""
    if quick:
        return [SyntheticData(name, 'irregular', NOISES[-1]) for name in ('damped-sine', 'lorenz')]
    return [SyntheticData(*each) for each in itertools.product(SYSTEMS, SAMPLINGS, NOISES)]
