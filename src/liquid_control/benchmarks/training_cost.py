"""The cost of a cell's training step in time and memory, and that of references, in one run."""

import contextlib
import gc
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from liquid_control import cells
from liquid_control.benchmarks.references import INPUTS, PAIRS, UNITS
from liquid_control.training.cuda_graphs import Outputs, captured
from liquid_control.training.device import device_of, saved_bytes, settle

_CPU = torch.device('cpu')


@contextlib.contextmanager
def threads_set(count: int) -> Generator[None]:
    """Set the number of torch threads within the context, and restore it afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Contender:
    """One module to train, and its measured cost.

    Attributes:
        name: name of the module.
        module: called with (B, T, I), returns outputs (B, T, O) and a state.
        times: seconds of each counted step: forward, backward, Adam.
        captured_times: the same with captured passes, on a GPU.
        saved_mb: memory saved for the backward pass, MiB.
    """

    name: str
    module: torch.nn.Module
    times: list[float] = field(default_factory=list)
    captured_times: list[float] = field(default_factory=list)
    saved_mb: float = 0.0

    @property
    def median_ms(self) -> float:
        return float(np.median(self.times)) * 1e3


def measure(
    contenders: list[Contender],
    batch: int,
    length: int,
    rounds: int,
    advance: Callable[[], None] = lambda: None,
    capture: bool = False,
) -> None:
    """Train all in turn, one step each per round, so that machine drift affects all alike.

    All must be on the same device.

    Args:
        capture: also measure each with captured passes.
    """
    torch.manual_seed(0)
    device = device_of(contenders[0].module)
    x = torch.randn(batch, length, INPUTS).to(device)
    optimizers = [torch.optim.Adam(c.module.parameters(), 1e-3) for c in contenders]
    ways: list[list[tuple[Callable[..., Any], list[float]]]] = [
        [(Outputs(c.module), c.times)] for c in contenders
    ]
    if capture:
        for way, c in zip(ways, contenders, strict=True):
            way.append((captured(Outputs(c.module), x), c.captured_times))
    for done in range(-1, rounds):  # the first round is a warm-up
        for way, optimizer in zip(ways, optimizers, strict=True):
            for through, times in way:
                gc.collect()
                started = time.perf_counter()
                optimizer.zero_grad()
                through(x).square().mean().backward()
                optimizer.step()
                settle(device)
                if done >= 0:
                    times.append(time.perf_counter() - started)
            advance()
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
    advance: Callable[[], None] = lambda: None,
    device: torch.device = _CPU,
) -> list[dict]:
    """One row per cell; if it has a reference, with ``ratio`` and ``memory_ratio``, theirs to ours.

    The time ratio is the median of the ratios of single rounds.
    """
    with threads_set(threads):
        rows = []
        for name in names:
            pair = next((pair for pair in PAIRS if pair.cell == name), None)
            module = pair.ours() if pair else cells.make(name, INPUTS, UNITS)
            contenders = [Contender(name, module.to(device))]
            if pair:
                contenders.append(Contender(pair.reference, pair.sequence().to(device)))
            measure(contenders, batch, length, rounds, advance, capture=device.type == 'cuda')
            rows.append(_row(threads, *contenders))
        return rows


def _row(threads: int, ours: Contender, theirs: Contender | None = None) -> dict:
    row = {
        'cell': ours.name,
        'threads': threads,
        'step_ms': ours.median_ms,
        'saved_mb': ours.saved_mb,
        'parameters': sum(p.numel() for p in ours.module.parameters()),
    }
    if ours.captured_times:
        row['captured_ms'] = float(np.median(ours.captured_times)) * 1e3
    if theirs is not None:
        if ours.captured_times:
            ratios = np.divide(theirs.captured_times, ours.captured_times)
            row['captured_ratio'] = float(np.median(ratios))
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
    advance: Callable[[], None] = lambda: None,
    device: torch.device = _CPU,
) -> list[dict]:
    """Time and memory of a training step as a function of sequence length, on one thread.

    ``time_exponent`` and ``memory_exponent`` are the slopes of a log-log fit over the longer half
    of the lengths: 1 if cost is proportional to length.
    """
    with threads_set(1):
        rows = []
        for name in names:
            module = cells.make(name, INPUTS, UNITS).to(device)
            points = []
            for length in lengths:
                contender = Contender(name, module)
                measure([contender], batch, length, rounds, advance)
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
