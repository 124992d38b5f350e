"""A damped sine."""

from typing import ClassVar

import numpy as np

from liquid_control.study.synthetic.system import Parameters, System


class DampedSine(System):
    """x(t) = a exp(−d t) sin(2π f t + φ)."""

    name = 'damped-sine'
    title = 'damped sine'
    sampling = 0.05
    inside: ClassVar = {
        'amplitude': (0.5, 1.5),
        'damping': (0.02, 0.1),
        'frequency': (0.5, 1.5),
        'phase': (0.0, 2 * np.pi),
    }
    outside: ClassVar = {'frequency': (1.8, 2.5)}

    def solve(self, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        amplitude, damping, frequency, phase = (
            parameters[name][:, None] for name in ('amplitude', 'damping', 'frequency', 'phase')
        )
        envelope = amplitude * np.exp(-damping * times)
        return (envelope * np.sin(2 * np.pi * frequency * times + phase))[:, :, None]

    def unit(self, parameters: Parameters) -> np.ndarray:
        """The period."""
        return 1 / parameters['frequency']
