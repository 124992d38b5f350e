"""How much faster a comparison is with several workers: the same pieces with one and with N."""

import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.robustness.pieces import measure_conditions
from liquid_control.evaluation.robustness.results import MEASURED
from liquid_control.jobs import Piece, Progress, Report, sweep


class Scaled(NamedTuple):
    """One sweep: its round, its workers, how long it took, and the simulation steps in it."""

    round: int
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
    episodes: int = 16,
    rounds: int = 3,
    report: Report = lambda share, text: None,
) -> Iterator[Scaled]:
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
        report: called with the share that is done and what is measured, as pieces end.

    Yields:
        The result of each sweep, once it is done.

    Raises:
        RuntimeError: a piece failed.
    """
    for turn in range(rounds):
        for half, count in enumerate((1, workers) if turn % 2 == 0 else (workers, 1)):
            done, named = 2 * turn + half, 'one worker' if count == 1 else f'{count} workers'
            text = f'round {turn + 1} of {rounds}, {named}'

            def show(progress: Progress, done: int = done, text: str = text) -> None:
                share = (done + progress.share) / (2 * rounds)
                report(share, f'{text}, {progress.done} of {progress.total} pieces')

            report(done / (2 * rounds), f'{text}, starting')
            with _engine(engine, count):
                _sweep(_pieces(bundle, robot, max(2, count), 1, 10**6), count, engine)
                work = _pieces(bundle, robot, pieces, episodes, 0)
                started = time.perf_counter()
                steps = _sweep(work, count, engine, show)
                seconds = time.perf_counter() - started
            yield Scaled(turn, count, seconds, steps)


def scaling_rows(found: Sequence[Scaled], pieces: int) -> list[dict[str, float]]:
    """Summarize sweeps that :func:`measure_scaling` did.

    Args:
        found: sweeps; of rounds that are not whole, none count.
        pieces: number of pieces of each.

    Returns:
        A row for one worker and one for several, none without a whole round: ``workers``; the
        medians over the rounds of ``seconds``, of ``seconds_a_piece`` of one worker, of
        ``steps_a_second``, and of ``times_one``, how many times faster they were in the same round.
    """
    rounds = [[one for one in found if one.round == turn] for turn in {one.round for one in found}]
    pairs = [sorted(pair, key=lambda one: one.workers) for pair in rounds if len(pair) == 2]
    return [
        {
            'workers': sweeps[0].workers,
            'seconds': median(one.seconds for one in sweeps),
            'seconds_a_piece': median(one.seconds * one.workers / pieces for one in sweeps),
            'steps_a_second': median(one.steps / one.seconds for one in sweeps),
            'times_one': median(pair[0].seconds / pair[index].seconds for pair in pairs),
        }
        for index, sweeps in enumerate(zip(*pairs, strict=True))
    ]


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


def _sweep(
    pieces: list[Piece],
    workers: int,
    engine: str,
    show: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Do pieces; return the number of steps that the robots took."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = sweep(pieces, Path(folder), workers=workers, engine=engine, show=show)
    failed = [outcome['error'] for outcome in outcomes.values() if not outcome['ok']]
    if failed:
        raise RuntimeError(f'a piece failed: {failed[0]}')
    rows = [row for each in outcomes.values() for row in each['result']['measurements']]
    return sum(sum(row['steps']) for row in rows)
