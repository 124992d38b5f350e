"""The Van der Pol oscillator."""

from typing import ClassVar

import numpy as np

from liquid_control.study.synthetic.system import OrdinaryEquation, Parameters


class VanDerPol(OrdinaryEquation):
    """x' = v, v' = μ (1 − x²) v − x."""

    name = 'van-der-pol'
    title = 'Van der Pol oscillator'
    channels = 2
    sampling = 0.2
    inside: ClassVar = {'x': (-2.0, 2.0), 'v': (-2.0, 2.0), 'mu': (0.5, 2.0)}
    outside: ClassVar = {'mu': (2.5, 4.0)}
    start = ('x', 'v')

    def derivative(self, state: np.ndarray, parameters: Parameters) -> np.ndarray:
        x, v = state
        return np.stack([v, parameters['mu'] * (1 - x**2) * v - x])

    def unit(self, parameters: Parameters) -> np.ndarray:
        """The period of the limit cycle at μ = 1: 6.663."""
        return np.full(len(parameters['mu']), 6.663)
