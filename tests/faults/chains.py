"""Readings of many sources passed through sensor faults, sample by sample."""

import numpy as np

from liquid_control.faults import FaultChain, SensorFault, SharedRandom, Signal, of_kind, parse
from liquid_control.faults.memory import Samples

PERIOD_NS = 8_000_000
STD = np.array([0.5, 2.0, 10.0])
NAMES = (('angle', 'hip', 'hip.position'), ('angle', 'knee', 'knee.position'), ('speed', 'hip'))


def signal(std=STD):
    return Signal(
        std, 'joint_states', ((0, slice(0, 2)), (1, slice(2, 3))),
        channels=NAMES, period_ns=PERIOD_NS,
    )  # fmt: skip


def passed(spec, values, stamps=None, seed=0) -> Samples:
    """Values (T, N, 3) after the faults, each attribute of :class:`Samples` with T in front."""
    faults = parse(spec)
    steps, count = values.shape[:2]
    stamps = PERIOD_NS * (1 + np.arange(steps)) if stamps is None else stamps
    has, rng = np.ones((count, len(faults)), dtype=bool), np.random.default_rng(seed)
    chain = FaultChain(of_kind(faults, SensorFault), has, signal())
    found = [
        chain.push(value, SharedRandom(rng, np.full(count, stamp)))
        for value, stamp in zip(values, stamps, strict=True)
    ]
    return Samples(*(np.array(part) for part in zip(*found, strict=True)))


def counting(steps, count=1):
    """Readings of three channels that count up, each differently, (T, N, 3)."""
    numbers = np.arange(1.0, steps + 1.0)[:, None] * np.array([1.0, -2.0, 0.5])
    return np.tile(numbers[:, None], (1, count, 1))


def within(share, probability, draws, sigmas=4.0):
    """Whether a share of so many draws lies in the interval of its probability."""
    return abs(share - probability) < sigmas * np.sqrt(probability * (1.0 - probability) / draws)
