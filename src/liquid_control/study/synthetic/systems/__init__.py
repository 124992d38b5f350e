"""The systems of the study of synthetic series, a file each."""

from liquid_control.study.synthetic.system import System
from liquid_control.study.synthetic.systems.chirp import Chirp
from liquid_control.study.synthetic.systems.damped_sine import DampedSine
from liquid_control.study.synthetic.systems.lorenz import Lorenz
from liquid_control.study.synthetic.systems.sum_of_sines import SumOfSines
from liquid_control.study.synthetic.systems.van_der_pol import VanDerPol

SYSTEMS: dict[str, System] = {
    system.name: system for system in (DampedSine(), SumOfSines(), Chirp(), VanDerPol(), Lorenz())
}
"""Name → system."""

__all__ = ['SYSTEMS', 'Chirp', 'DampedSine', 'Lorenz', 'SumOfSines', 'VanDerPol']
