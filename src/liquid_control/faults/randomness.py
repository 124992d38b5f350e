"""Random numbers for faults.

Either one generator serves all robots, as in training, or each robot's numbers follow from its
seed, the signal, the time and the fault alone. With the latter, a robot meets the same faults in
process, in a batch, over ROS and in a replay.
"""

import zlib
from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np

from liquid_control.faults.signals import Signal

Each = Literal['channel', 'sample']
"""One number for each channel, (N, n), or for each sample, (N,)."""


class Draws(Protocol):
    """The random numbers of one fault for the present samples of N signals of n channels."""

    def normal(self, each: Each = 'channel') -> np.ndarray:
        """Standard normal numbers, (N, n) or (N,)."""

    def uniform(self, each: Each = 'channel') -> np.ndarray:
        """Uniform numbers in [0, 1), (N, n) or (N,)."""


class Random(Protocol):
    """A source of random numbers for N robots, which also knows their time."""

    @property
    def stamps(self) -> np.ndarray | int:
        """Present time of each robot in ns, (N,), or of all."""

    def draws(self, signal: Signal, position: int, active: np.ndarray) -> Draws:
        """Numbers for one fault and the present sample of each robot.

        Args:
            signal: what the fault acts on.
            position: position of the fault among all faults.
            active: whether the fault acts on the robot, (N,); the numbers of others have no use.
        """

    def generator(self, name: str, index: int, position: int) -> np.random.Generator:
        """A generator for one robot's fault, to be used before any other number is drawn."""


class SharedDraws:
    """Numbers for all robots at once from one generator.

    Args:
        rng: the generator.
        shape: (..., n).
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...]):
        self._rng, self._shape = rng, shape

    def normal(self, each: Each = 'channel') -> np.ndarray:
        return self._rng.standard_normal(self._of(each))

    def uniform(self, each: Each = 'channel') -> np.ndarray:
        return self._rng.random(self._of(each))

    def _of(self, each: Each) -> tuple[int, ...]:
        return self._shape if each == 'channel' else self._shape[:-1]


class SharedRandom:
    """One generator for all robots.

    Args:
        rng: the generator.
        stamps: present time of each robot in ns, (N,); by default 0.
    """

    def __init__(self, rng: np.random.Generator, stamps: np.ndarray | int = 0):
        self._rng, self.stamps = rng, stamps

    def draws(self, signal: Signal, position: int, active: np.ndarray) -> SharedDraws:
        return SharedDraws(self._rng, (len(active), len(signal.scale)))

    def generator(self, name: str, index: int, position: int) -> np.random.Generator:
        return self._rng


class Streams:
    """For each of N robots, numbers that follow from its seed and its time alone.

    Args:
        seeds: N whole numbers in [0, 2⁶⁴).

    Attributes:
        stamps: present time of each robot in ns, (N,); to be set before numbers are drawn.
    """

    def __init__(self, *seeds: int):
        self._seeds = seeds
        self.stamps = np.zeros(len(seeds), dtype=np.int64)
        self._keys: dict[str, np.ndarray] = {}
        self._philox = np.random.Philox(key=0)
        self._rng = np.random.Generator(self._philox)
        self._state = self._philox.state
        self._state['buffer_pos'] = len(self._state['buffer'])  # nothing left of earlier numbers

    def at(self, *stamps: int) -> 'Streams':
        """Set the present times in ns, and return this."""
        self.stamps = np.array(stamps, dtype=np.int64)
        return self

    def draws(self, signal: Signal, position: int, active: np.ndarray) -> '_StreamDraws':
        return _StreamDraws(self, signal, position, active)

    def generator(self, name: str, index: int, position: int) -> np.random.Generator:
        """A generator of one robot, valid until the next is asked for.

        Args:
            name: what is random.
            index: index of the robot.
            position: position of the fault among all faults.
        """
        return next(self.generators(name, np.array([index]), position))

    def generators(
        self, name: str, rows: np.ndarray, position: int, term: int = 0, call: int = 0
    ) -> Iterator[np.random.Generator]:
        """Yield a generator for each of some robots, valid until the next is asked for.

        Args:
            name: what is random.
            rows: indices of the robots, (K,).
            position: position of the fault among all faults.
            term: index of the term in its topic.
            call: how many times the fault drew numbers before.
        """
        if name not in self._keys:
            kind = zlib.crc32(name.encode())
            self._keys[name] = np.array([(seed, kind) for seed in self._seeds], dtype=np.uint64)
        counters = np.empty((len(rows), 4), dtype=np.uint64)
        counters[:, :3] = call << 32, term, position
        counters[:, 3] = self.stamps[rows].view(np.uint64)
        state = self._state['state']
        for key, counter in zip(self._keys[name][rows], counters, strict=True):
            state['key'], state['counter'] = key, counter
            self._philox.state = self._state
            yield self._rng


class _StreamDraws:
    """Numbers of one fault from :class:`Streams`, the more calls the further along each stream."""

    def __init__(self, streams: Streams, signal: Signal, position: int, active: np.ndarray):
        self._streams, self._signal, self._position = streams, signal, position
        self._rows, self._count, self._calls = np.flatnonzero(active), len(active), 0

    def normal(self, each: Each = 'channel') -> np.ndarray:
        return self._draw('standard_normal', each)

    def uniform(self, each: Each = 'channel') -> np.ndarray:
        return self._draw('random', each)

    def _draw(self, method: str, each: Each) -> np.ndarray:
        signal, rows = self._signal, self._rows
        if each == 'sample':
            drawn = np.zeros(self._count)
            drawn[rows] = [getattr(rng, method)() for rng in self._generators()]
        else:
            drawn = np.zeros((self._count, len(signal.scale)))
            for term, span in signal.terms:
                part = drawn[:, span]
                for row, rng in zip(rows, self._generators(term), strict=True):
                    part[row] = getattr(rng, method)(part.shape[1])
        self._calls += 1
        return drawn

    def _generators(self, term: int = 0) -> Iterator[np.random.Generator]:
        name, position = self._signal.name, self._position
        return self._streams.generators(name, self._rows, position, term, self._calls)
