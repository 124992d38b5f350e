"""The Lorenz system (Lorenz 1963)."""

from typing import ClassVar

import numpy as np

from liquid_control.study.synthetic.system import OrdinaryEquation, Parameters

SIGMA, BETA = 10.0, 8 / 3
EXPONENT = 0.906
"""Largest Lyapunov exponent at ρ = 28 (Sprott 2003)."""


class Lorenz(OrdinaryEquation):
    """x' = σ (y − x), y' = x (ρ − z) − y, z' = x y − β z with σ = 10 and β = 8/3."""

    name = 'lorenz'
    title = 'Lorenz system'
    channels = 3
    sampling = 0.05
    unit_name = 'Lyapunov times'
    inside: ClassVar = {'x': (-4.0, 4.0), 'y': (-4.0, 4.0), 'z': (10.0, 20.0), 'rho': (26.0, 30.0)}
    outside: ClassVar = {'rho': (34.0, 40.0)}
    start = ('x', 'y', 'z')
    settling = 5.0

    def derivative(self, state: np.ndarray, parameters: Parameters) -> np.ndarray:
        x, y, z = state
        return np.stack([SIGMA * (y - x), x * (parameters['rho'] - z) - y, x * y - BETA * z])

    def unit(self, parameters: Parameters) -> np.ndarray:
        """The Lyapunov time at ρ = 28, for every ρ."""
        return np.full(len(parameters['rho']), 1 / EXPONENT)
