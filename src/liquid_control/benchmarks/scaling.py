"""How much faster a comparison is with several workers: the same pieces with one and with N."""

import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.robustness.pieces import measure_conditions
from liquid_control.evaluation.robustness.results import MEASURED
from liquid_control.jobs import Piece, sweep


class Scaled(NamedTuple):
    """One sweep: its workers, how long it took, and the simulation steps in it."""

    workers: int
    seconds: float
    steps: int


def measure_scaling(
    bundle: Bundle,
    robot: Contract,
    workers: int,
    *,
    engine: str = 'local',
    pieces: int = 8,
    episodes: int = 48,
    rounds: int = 2,
    advance: Callable[[], None] = lambda: None,
) -> list[Scaled]:
    """Do the same pieces with one worker and with several, in turn.

    Workers are started, and have imported everything, before the clock is.

    Args:
        bundle: the policy that walks.
        robot: contract of its simulated robot.
        workers: number of workers.
        engine: ``local`` or ``ray``; Ray is started on this machine with as many processors.
        pieces: number of pieces.
        episodes: episodes of each piece.
        rounds: how often each number of workers is measured.
        advance: called after each sweep.

    Returns:
        One result a sweep, in the order in which they were done.

    Raises:
        RuntimeError: a piece failed.
    """
    found = []
    for turn in range(rounds):
        for count in (1, workers) if turn % 2 == 0 else (workers, 1):
            with _engine(engine, count):
                _sweep(_pieces(bundle, robot, max(2, count), 1, 10**6), count, engine)
                work = _pieces(bundle, robot, pieces, episodes, 0)
                started = time.perf_counter()
                steps = _sweep(work, count, engine)
            found.append(Scaled(count, time.perf_counter() - started, steps))
            advance()
    return found


@contextlib.contextmanager
def _engine(name: str, processors: int) -> Generator[None]:
    if name != 'ray':
        yield
        return
    import ray

    ray.init(
        num_cpus=processors, log_to_driver=False, include_dashboard=False,
        logging_level=logging.WARNING,
    )  # fmt: skip
    try:
        yield
    finally:
        ray.shutdown()


def _pieces(bundle: Bundle, robot: Contract, count: int, episodes: int, seed: int) -> list[Piece]:
    """Pieces of a comparison without faults, each of other episodes."""
    files = str(bundle.path), str(robot.source)
    return [
        Piece(
            f'piece{number}',
            measure_conditions,
            {
                'policy': 'walker',
                'bundle': files[0],
                'robot': files[1],
                'conditions': [['', 0.0, 'none']],
                'episodes': episodes,
                'seed': seed + number * episodes,
                'elapsed': MEASURED,
                'thin': True,
            },
            reports=True,
            files=files,
        )
        for number in range(count)
    ]


def _sweep(pieces: list[Piece], workers: int, engine: str) -> int:
    """Do pieces; return the number of steps that the robots took."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = sweep(pieces, Path(folder), workers=workers, engine=engine)
    failed = [outcome['error'] for outcome in outcomes.values() if not outcome['ok']]
    if failed:
        raise RuntimeError(f'a piece failed: {failed[0]}')
    rows = [row for each in outcomes.values() for row in each['result']['measurements']]
    return sum(sum(row['steps']) for row in rows)
