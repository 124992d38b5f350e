"""A recorded bag as arrays: what a robot sensed and was commanded, over irregular time."""

import hashlib
from dataclasses import dataclass

import numpy as np

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.merging import require_one_run, sensed
from liquid_control.bags.names import check_renamed
from liquid_control.bags.suitability import too_slow
from liquid_control.control.contract import Contract
from liquid_control.control.observe import Observer
from liquid_control.control.timeline import Advance, Timeline


@dataclass(frozen=True)
class Recording:
    """Observations in stamp order, T of them.

    Attributes:
        name: name of the bag.
        stamps: header stamps in ns, (T,) int64.
        values: sensed values in the contract's order, (T, p) float32, all finite.
        elapsed: time since the previous observation in nominal periods, (T,) float32.
        starts: whether the state is reset here, (T,) bool.
        skipped: number of observations left out: not finite, or with a stamp that does not
            advance.
        period_ns: nominal time between observations in ns.
        damage: why the bag is incomplete; None if it is complete.
    """

    name: str
    stamps: np.ndarray
    values: np.ndarray
    elapsed: np.ndarray
    starts: np.ndarray
    skipped: int
    period_ns: int
    damage: str | None = None

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def sha256(self) -> str:
        """SHA-256 of the stamps and values."""
        return hashlib.sha256(self.stamps.tobytes() + self.values.tobytes()).hexdigest()

    @property
    def seconds(self) -> np.ndarray:
        """Time since the first observation in seconds, (T,)."""
        return (self.stamps - self.stamps[:1]) * 1e-9


def read_recording(
    bag: Bag,
    contract: Contract,
    observed: dict[str, str] | None = None,
    start: float = 0.0,
    stop: float = np.inf,
) -> Recording:
    """Read a bag's observations from ``start`` to ``stop``, in seconds since the first one.

    Raises:
        BagError: a topic is missing, has the wrong type or a clock that is set back, there is no
            usable observation in that part, or they come too rarely for the contract.
        ObservationError: a message lacks something that the contract asks for.
        ValueError: a renamed topic is not one that is read for the contract.
    """
    check_renamed(observed or {}, contract)
    observer, timeline = Observer(contract), Timeline(contract.period_ns, contract.max_gap)
    stamps, rows, elapsed, starts = [], [], [], []
    skipped, first, last = 0, None, 0.0
    require_one_run(bag, contract, observed or {})
    for topic, message in sensed(bag, contract, observed or {}):
        complete = observer.update(topic, message)
        if complete is None:
            continue
        stamp, values = complete
        first = stamp if first is None else first
        last = (stamp - first) * 1e-9
        if not start <= last <= stop:
            continue
        finite = bool(np.isfinite(values).all())
        advance, passed = timeline.advance(stamp) if finite else (Advance.SKIP, 0.0)
        if not advance.used:
            skipped += 1
            continue
        stamps.append(stamp)
        rows.append(values)
        elapsed.append(passed)
        starts.append(advance is Advance.RESET)
    if not stamps:
        why = f'it lasts {last:.1f} s'
        if first is None:
            why = 'no observation is complete'
        elif skipped:
            why = f'none of {skipped} is finite with a stamp that advances'
        raise BagError(f'{bag.path}: no observation from {start:g} to {stop:g} s: {why}')
    typical = float(np.median(elapsed))
    slow = too_slow(contract.rate / typical, contract)
    if slow:
        raise BagError(f'{bag.path}: {slow}')
    return Recording(
        bag.path.name,
        np.array(stamps, dtype=np.int64),
        np.array(rows, dtype=np.float32),
        np.array(elapsed, dtype=np.float32),
        np.array(starts),
        skipped,
        contract.period_ns,
        bag.damage,
    )
