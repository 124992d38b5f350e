"""What a system is: parameters inside and outside the training range, and an exact solution."""

import abc
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

Parameters = Mapping[str, np.ndarray]
"""Name → values, (N,) each, or (N, K) where a sequence has several."""
TOLERANCE = 1e-12
"""Relative and absolute tolerance of each step of an integration."""


class System(abc.ABC):
    """A family of signals, each determined by its parameters.

    Attributes:
        name: name in commands and files.
        title: one line for people.
        channels: number of values in a sample.
        sampling: nominal time between two samples.
        unit_name: unit of valid times.
        inside: parameter → its range in training, validation and the test inside.
        outside: parameter → its range in the test outside, where that differs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    channels: ClassVar[int] = 1
    sampling: ClassVar[float]
    unit_name: ClassVar[str] = 'periods'
    inside: ClassVar[Mapping[str, tuple[float, float]]]
    outside: ClassVar[Mapping[str, tuple[float, float]]]

    def draw(self, random: np.random.Generator, count: int, outside: bool) -> Parameters:
        """Parameters of ``count`` sequences, uniform in their ranges."""
        ranges = {**self.inside, **(self.outside if outside else {})}
        return {name: random.uniform(*ends, count) for name, ends in ranges.items()}

    @abc.abstractmethod
    def solve(self, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        """The signals at increasing ``times`` from 0 on, (K,): (N, K, C) float64."""

    @abc.abstractmethod
    def unit(self, parameters: Parameters) -> np.ndarray:
        """The time that valid times are given in, (N,)."""


class OrdinaryEquation(System):
    """A system given by a differential equation, whose start is in its parameters.

    Attributes:
        start: names of the parameters that are the state at the start, one a channel.
        settling: time that passes before the first sample.
    """

    start: ClassVar[tuple[str, ...]]
    settling: ClassVar[float] = 0.0

    @abc.abstractmethod
    def derivative(self, state: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Time derivative of states (C, N)."""

    def solve(self, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        start = np.stack([parameters[name] for name in self.start])
        return self.integrate(start, parameters, self.settling + np.asarray(times))

    def integrate(self, start: np.ndarray, parameters: Parameters, times: np.ndarray) -> np.ndarray:
        """States at ``times`` (K,) after states ``start`` (C, N): (N, K, C).

        All sequences are integrated at once, by DOP853 of SciPy.
        """
        from scipy.integrate import solve_ivp

        def derivative(_, flat: np.ndarray) -> np.ndarray:
            return self.derivative(flat.reshape(start.shape), parameters).ravel()

        solution = solve_ivp(
            derivative,
            (0.0, times[-1]),
            start.ravel(),
            method='DOP853',
            t_eval=times,
            rtol=TOLERANCE,
            atol=TOLERANCE,
        )
        if not solution.success:
            raise ArithmeticError(f'{self.name}: {solution.message}')
        return solution.y.reshape(*start.shape, -1).transpose(1, 2, 0)
