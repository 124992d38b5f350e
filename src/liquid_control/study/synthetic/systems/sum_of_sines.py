"""A sum of three sines."""

from typing import ClassVar

import numpy as np

from liquid_control.study.synthetic.system import Parameters, System

SINES = 3


class SumOfSines(System):
    """x(t) = Σ aᵢ sin(2π fᵢ t + φᵢ), i = 1 … 3, all drawn independently."""

    name = 'sum-of-sines'
    title = 'sum of three sines'
    sampling = 0.05
    inside: ClassVar = {'amplitude': (0.3, 1.0), 'frequency': (0.3, 1.5), 'phase': (0.0, 2 * np.pi)}
    outside: ClassVar = {'frequency': (1.8, 2.5)}

    def draw(self, random: np.random.Generator, count: int, outside: bool) -> Parameters:
        flat = super().draw(random, SINES * count, outside)
        return {name: values.reshape(count, SINES) for name, values in flat.items()}

    def solve(self, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        amplitude, frequency, phase = (
            parameters[name][:, :, None] for name in ('amplitude', 'frequency', 'phase')
        )
        sines = amplitude * np.sin(2 * np.pi * frequency * times + phase)
        return sines.sum(axis=1)[:, :, None]

    def unit(self, parameters: Parameters) -> np.ndarray:
        """The period of the mean frequency."""
        return 1 / parameters['frequency'].mean(axis=1)
