"""In-process latency of a policy's step."""

import time

import numpy as np

from liquid_control.control.runtime import PolicyRunner

_ROUNDS, _BLOCK = 20, 200


def quantiles(times: list[float]) -> dict[str, float]:
    """Median and 99th percentile, in microseconds, of times in seconds.

    Raises:
        ValueError: no times were measured.
    """
    if not times:
        raise ValueError('no times were measured')
    p50, p99 = np.percentile(times, (50, 99)) * 1e6
    return {'p50_us': float(p50), 'p99_us': float(p99), 'samples': len(times)}


def step_times(runners: list[PolicyRunner]) -> list[list[float]]:
    """Times in seconds of single steps of each runner, measured in alternating blocks."""
    times: list[list[float]] = [[] for _ in runners]
    rng = np.random.default_rng(0)
    for runner in runners:
        runner.warm_up(_BLOCK)
    for _ in range(_ROUNDS):
        for runner, taken in zip(runners, times, strict=True):
            size = runner.contract.sensed_size
            observations = rng.standard_normal((_BLOCK, size)).astype(np.float32) * 0.1
            for observation in observations:
                started = time.perf_counter()
                runner.step(observation, 1.0)
                taken.append(time.perf_counter() - started)
    return times
