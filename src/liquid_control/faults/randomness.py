"""Random numbers for faults.

Either one generator serves all robots, as in training, or each robot's numbers follow from its
seed, the signal, the time and the fault alone. With the latter, a robot meets the same faults in
process, in a batch, over ROS and in a replay.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

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
    def stamps(self) -> Sequence[int] | np.ndarray | int:
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
        stamps: present time of each robot in ns, N whole numbers; to be set before numbers are
            drawn.
    """

    def __init__(self, *seeds: int):
        self._seeds = np.array(seeds, dtype=np.uint64)
        self.stamps: Sequence[int] | np.ndarray = (0,) * len(seeds)
        self._philox = np.random.Philox(key=0)
        self._rng = np.random.Generator(self._philox)
        self._state = self._philox.state
        self._state['buffer_pos'] = len(self._state['buffer'])  # nothing left of earlier numbers
        self._key, self._counter = self._state['state']['key'], self._state['state']['counter']

    def at(self, *stamps: int) -> 'Streams':
        """Set the present times in ns, and return this."""
        self.stamps = stamps
        return self

    def draws(self, signal: Signal, position: int, active: np.ndarray) -> '_StreamDraws':
        return _StreamDraws(self, signal, position, active)

    def generator(
        self, name: str, index: int, position: int, term: int = 0, call: int = 0
    ) -> np.random.Generator:
        """A generator of one robot, valid until the next is asked for.

        Args:
            name: what is random.
            index: index of the robot.
            position: position of the fault among all faults.
            term: index of the term in its topic.
            call: how many times the fault drew numbers before.
        """
        return next(self.generators(name, [index], position, term, call))

    def generators(
        self, name: str, rows: Sequence[int] | np.ndarray, position: int, term: int, call: int
    ) -> Iterator[np.random.Generator]:
        """The generators of some robots in turn, as :meth:`generator`; ``rows`` are their indices.

        Each is valid until the next.
        """
        keys = np.empty((len(rows), 2), dtype=np.uint64)
        keys[:, 0], keys[:, 1] = self._seeds[rows], zlib.crc32(name.encode())
        counters = np.empty((len(rows), 4), dtype=np.uint64)
        counters[:, :3] = call << 32, term, position
        counters[:, 3] = np.array(self.stamps, dtype=np.int64).view(np.uint64)[rows]
        for key, counter in zip(keys, counters, strict=True):
            self._key[:], self._counter[:] = key, counter
            self._philox.state = self._state
            yield self._rng


class _StreamDraws:
    """Numbers of one fault from :class:`Streams`, the more calls the further along each stream."""

    def __init__(self, streams: Streams, signal: Signal, position: int, active: np.ndarray):
        self._streams, self._signal, self._position = streams, signal, position
        self._active, self._calls = active, 0

    def normal(self, each: Each = 'channel') -> np.ndarray:
        return self._draw(np.random.Generator.standard_normal, each)

    def uniform(self, each: Each = 'channel') -> np.ndarray:
        return self._draw(np.random.Generator.random, each)

    def _draw(self, method: Callable[..., Any], each: Each) -> np.ndarray:
        signal, rows = self._signal, np.flatnonzero(self._active)
        if each == 'channel':
            drawn, terms = np.zeros((len(self._active), len(signal.scale))), signal.terms
        else:
            drawn, terms = np.zeros((len(self._active), 1)), ((0, slice(None)),)
        for term, span in terms:
            parts = drawn[:, span]
            found = self._streams.generators(signal.name, rows, self._position, term, self._calls)
            for index, rng in zip(rows.tolist(), found, strict=True):
                method(rng, out=parts[index])
        self._calls += 1
        return drawn if each == 'channel' else drawn[:, 0]
