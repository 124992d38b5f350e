"""What a training step of a cell costs, in time and memory, beside other libraries' in one run."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from liquid_control import cells
from liquid_control.benchmarks.references import INPUTS, PAIRS, UNITS
from liquid_control.training.memory import saved_bytes


@contextlib.contextmanager
def threads_set(count: int) -> Iterator[None]:
    """Let torch use as many threads, and afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Contender:
    """One module to train, and what it took.

    Attributes:
        name: of the module.
        module: called with (B, T, I), gives outputs (B, T, O) and a state.
        times: seconds of each counted step: forward, backward, Adam.
        saved_mb: what the graph keeps for the backward pass, MiB.
    """

    name: str
    module: torch.nn.Module
    times: list[float] = field(default_factory=list)
    saved_mb: float = 0.0

    @property
    def median_ms(self) -> float:
        return float(np.median(self.times)) * 1e3


def measure(
    contenders: list[Contender],
    batch: int,
    length: int,
    rounds: int,
    told: Callable[[], None] = lambda: None,
) -> None:
    """Train all in turn, one step each a round, so that a drift of the machine meets all alike."""
    torch.manual_seed(0)
    x = torch.randn(batch, length, INPUTS)
    optimizers = [torch.optim.Adam(c.module.parameters(), 1e-3) for c in contenders]
    for done in range(-1, rounds):  # the first does not count
        for contender, optimizer in zip(contenders, optimizers, strict=True):
            gc.collect()
            started = time.perf_counter()
            optimizer.zero_grad()
            contender.module(x)[0].square().mean().backward()
            optimizer.step()
            if done >= 0:
                contender.times.append(time.perf_counter() - started)
            told()
    for contender in contenders:
        module = contender.module
        kept = saved_bytes(lambda module=module: module(x)[0].square().mean(), module)
        contender.saved_mb = kept / 2**20


def beside_references(
    names: list[str],
    threads: int,
    batch: int,
    length: int,
    rounds: int,
    told: Callable[[], None] = lambda: None,
) -> list[dict]:
    """One row a cell; with ``ratio`` and ``memory_ratio``, theirs over ours, where another has it.

    Ratios of times are medians of the ratios of single rounds.
    """
    with threads_set(threads):
        rows = []
        for name in names:
            pair = next((pair for pair in PAIRS if pair.cell == name), None)
            module = pair.ours() if pair else cells.make(name, INPUTS, UNITS)
            contenders = [Contender(name, module)]
            if pair:
                contenders.append(Contender(pair.reference, pair.sequence()))
            measure(contenders, batch, length, rounds, told)
            rows.append(_row(threads, *contenders))
        return rows


def _row(threads: int, ours: Contender, theirs: Contender | None = None) -> dict:
    row = {
        'cell': ours.name,
        'threads': threads,
        'step_ms': ours.median_ms,
        'saved_mb': ours.saved_mb,
        'parameters': ours.module.counts().parameters,
    }
    if theirs is not None:
        row['reference'] = theirs.name
        row['reference_ms'] = theirs.median_ms
        row['reference_saved_mb'] = theirs.saved_mb
        row['ratio'] = float(np.median(np.divide(theirs.times, ours.times)))
        row['memory_ratio'] = theirs.saved_mb / ours.saved_mb
    return row


def growth(
    names: list[str],
    lengths: list[int],
    batch: int,
    rounds: int,
    told: Callable[[], None] = lambda: None,
) -> list[dict]:
    """Time and memory of a training step against the length of the sequence, one thread.

    ``time_exponent`` and ``memory_exponent`` are the slopes of a line through the logarithms over
    the longer half of the lengths: 1 where cost is proportional to length.
    """
    with threads_set(1):
        rows = []
        for name in names:
            module = cells.make(name, INPUTS, UNITS)
            points = []
            for length in lengths:
                contender = Contender(name, module)
                measure([contender], batch, length, rounds, told)
                points.append((contender.median_ms, contender.saved_mb))
            times, saved = zip(*points, strict=True)
            rows.append(
                {
                    'cell': name,
                    'lengths': lengths,
                    'step_ms': times,
                    'saved_mb': saved,
                    'time_exponent': _slope(lengths, times),
                    'memory_exponent': _slope(lengths, saved),
                }
            )
        return rows


def _slope(lengths, values) -> float:
    half = len(lengths) // 2
    return float(np.polyfit(np.log(lengths[half:]), np.log(values[half:]), 1)[0])
