"""What a fault remembers of the samples of N sources."""

from typing import ClassVar, NamedTuple

import numpy as np

from liquid_control.faults.randomness import Draws


class Samples(NamedTuple):
    """One sample of each of N sources, as it arrives.

    Attributes:
        values: readings or commands, (N, n).
        numbers: number of the sample of its source from which each is, (N,).
        arrived: whether one arrives, (N,) bool.
        stamps: stamp with which it arrives in ns, (N,).
    """

    values: np.ndarray
    numbers: np.ndarray
    arrived: np.ndarray
    stamps: np.ndarray


class Memory:
    """What a fault remembers, such as a delay line. Its state is in arrays of fixed shapes."""

    kept: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that hold its state, arrays all."""
    lag: int = 0
    """Number of samples by which values arrive late at most."""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place."""
        return {name: getattr(self, name) for name in self.kept}

    def push(self, samples: Samples, active: np.ndarray, draws: Draws) -> Samples:
        """Take in one sample of each source, and return it as it is with the fault.

        It is not called while the fault acts on no source; when it begins to act on one,
        :meth:`restart` is called first.

        Args:
            samples: the samples without the fault; not to be changed in place.
            active: whether the fault acts on the source, (N,); what is returned for the others has
                no effect.
            draws: source of randomness.
        """
        raise NotImplementedError

    def restart(self, which: int | np.ndarray) -> None:
        """Forget one source, or those that are true in a mask (N,): the fault begins anew."""
        raise NotImplementedError
