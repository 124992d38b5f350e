"""A chirp: a sine whose frequency rises steadily."""

from typing import ClassVar

import numpy as np

from liquid_control.study.synthetic.system import Parameters, System


class Chirp(System):
    """x(t) = sin(2π (f t + r t² / 2) + φ), of the frequency f + r t."""

    name = 'chirp'
    title = 'chirp'
    sampling = 0.05
    inside: ClassVar = {'frequency': (0.3, 1.0), 'rate': (0.02, 0.06), 'phase': (0.0, 2 * np.pi)}
    outside: ClassVar = {'frequency': (1.8, 2.3)}  # training windows end below 1.8

    def solve(self, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        frequency, rate, phase = (
            parameters[name][:, None] for name in ('frequency', 'rate', 'phase')
        )
        return np.sin(2 * np.pi * (frequency + rate * times / 2) * times + phase)[:, :, None]

    def unit(self, parameters: Parameters) -> np.ndarray:
        """The period at the start."""
        return 1 / parameters['frequency']
