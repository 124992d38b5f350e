"""Steps a second in closed loop, beside the same physics alone and a plain loop, in one run.

Each round measures all of them in turn, a policy's closed loop right beside its physics and every
second round in reverse, so that any drift of the machine affects all alike.
"""

import contextlib
import itertools
import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import MEASURED
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
from liquid_control.faults import parse
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.worlds import Worlds

PHYSICS, ROLLOUT, LOOP, PLAIN = 'physics', 'rollout', 'closed_loop', 'plain_loop'
"""The same commands in the same worlds, without a policy; those in a :class:`WorldBatch`, that is,
by MuJoCo's own rollout; the policy in closed loop; a reference of its cell in one environment."""


@dataclass(frozen=True)
class RolloutSettings:
    """What is measured.

    Attributes:
        policies: paths of bundles.
        robot: path of the robot's contract.
        faults: faults as text.
        worlds: worlds at once.
        steps: control periods of an episode.
        plain: whether to measure a plain loop too.
    """

    policies: tuple[Path, ...]
    robot: Path
    faults: tuple[str, ...]
    worlds: int = 128
    steps: int = 50
    plain: bool = True


def measure_rollouts(
    settings: RolloutSettings,
    cores: Sequence[int] = (1, 2),
    rounds: int = 3,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> Iterator[list[dict[str, Any]]]:
    """Measure everything, round by round, in as many processes as there are cores to use.

    Args:
        settings: what is measured.
        cores: numbers of processes that work at once.
        rounds: rounds, after one to warm up.
        report: called as ``report(share, text)`` before each measurement, with the share that is
            done and what is measured.

    Yields:
        After each round, one row a policy, fault and number of cores: steps a second by what is
        measured, the medians of the rounds so far; ``share`` of the physics alone that the closed
        loop reaches, and how many ``times`` faster it is than the plain loop, the medians of the
        ratios in each round.

    Raises:
        RuntimeError: a process could not prepare what is measured; the message says why.
    """
    rates: dict[tuple[tuple[str, str, str], int], list[float]] = {}
    report(0.0, 'preparing')
    with _workers(settings, max(cores)) as (keys, workers):
        order = list(itertools.product(cores, keys))
        for done in range(-1, rounds):
            for index, (count, key) in enumerate(order[:: 1 if done % 2 else -1]):
                share = (done + 1 + index / len(order)) / (rounds + 1)
                report(share, _what(key, count, done, rounds))
                rate = _rate(workers[:count], key)
                if done >= 0:
                    rates.setdefault((key, count), []).append(rate)
            if done >= 0:
                yield _rows(keys, cores, rates)


def _what(key: tuple[str, str, str], count: int, done: int, rounds: int) -> str:
    """What is measured now, for the progress."""
    policy, fault, what = key
    turn = 'warming up' if done < 0 else f'round {done + 1} of {rounds}'
    return f'{turn}: {policy}, {fault}, {what.replace("_", " ")}, {count} at once'


def _rows(
    keys: Sequence[tuple[str, str, str]],
    cores: Sequence[int],
    rates: Mapping[tuple[tuple[str, str, str], int], list[float]],
) -> list[dict[str, Any]]:
    rows = []
    for (policy, fault), count in itertools.product(dict.fromkeys(k[:2] for k in keys), cores):
        found = {key[2]: rates[key, count] for key in keys if key[:2] == (policy, fault)}
        row: dict[str, Any] = {'policy': policy, 'fault': fault, 'cores': count}
        row |= {what: float(np.median(values)) for what, values in found.items()}
        row['share'] = _ratio(found[LOOP], found[PHYSICS])
        if PLAIN in found:
            row['times'] = _ratio(found[LOOP], found[PLAIN])
        rows.append(row)
    return rows


def _ratio(one: list[float], other: list[float]) -> float:
    return float(np.median(np.array(one) / np.array(other)))


@contextlib.contextmanager
def _workers(
    settings: RolloutSettings, count: int
) -> Generator[tuple[list[tuple[str, str, str]], list[Connection]]]:
    """Processes that have prepared what is measured: its keys, and a connection to each."""
    context = multiprocessing.get_context('spawn')
    processes, connections = [], []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(settings, theirs), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            connections.append(ours)
        keys = [_received(connection) for connection in connections]
        yield keys[0], connections
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(settings: RolloutSettings, connection: Connection) -> None:
    """Prepare everything in a process of its own, then run what is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    try:
        made = contenders(settings)
        if settings.plain:
            import torch

            torch.set_num_threads(1)
    except Exception as error:  # the parent says what went wrong
        connection.send(f'{type(error).__name__}: {error}')
        return
    connection.send(list(made))
    with contextlib.suppress(EOFError):
        while True:
            connection.send(made[connection.recv()]())


def _received(connection: Connection) -> Any:
    try:
        found = connection.recv()
    except EOFError:
        raise RuntimeError('rollouts: a process that measures has ended') from None
    if isinstance(found, str):
        raise RuntimeError(f'rollouts: {found}')
    return found


def _rate(workers: list[Connection], key: tuple[str, str, str]) -> float:
    """Steps a second of all these processes together."""
    started = time.perf_counter()
    for worker in workers:
        worker.send(key)
    steps = sum(_received(worker) for worker in workers)
    return steps / (time.perf_counter() - started)


def contenders(settings: RolloutSettings) -> dict[tuple[str, str, str], Callable[[], int]]:
    """(policy, fault, what) → a function that runs it and returns how many steps it made.

    MuJoCo's rollout and the plain loop are measured for the first fault alone.

    Raises:
        BundleError, ContractError, FaultError: a policy or a fault cannot be used.
        ValueError: the robot is not simulated.
    """
    made: dict[tuple[str, str, str], Callable[[], int]] = {}
    robot = Contract.load(settings.robot)
    for path, fault in itertools.product(settings.policies, settings.faults):
        runner = PolicyRunner(path)
        recorded = _Loop(runner, robot, fault, settings, _Recorded)
        recorded()
        calls = recorded.worlds.calls
        made[path.stem, fault, PHYSICS] = _physics(robot, settings.worlds, calls)
        made[path.stem, fault, LOOP] = _Loop(runner, robot, fault, settings, Worlds)
        if fault == settings.faults[0]:
            made[path.stem, fault, ROLLOUT] = _rollout(robot, settings.worlds, calls)
            plain = _plain(runner.bundle.cell, robot.robot, settings)
            if plain is not None:
                made[path.stem, fault, PLAIN] = plain
    return made


class _Recorded(Worlds):
    """Worlds that record what is done to them."""

    def __init__(self, *given: Any):
        super().__init__(*given)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def restart(self, index: int, seed: int) -> None:
        self.calls.append(('restart', (index, seed)))
        super().restart(index, seed)

    def use(self, index: int, model: Any) -> None:
        self.calls.append(('use', (index, model)))
        super().use(index, model)

    def step(
        self, rows: np.ndarray, action: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append(('step', (rows, action.copy(), lengths.copy())))
        return super().step(rows, action, lengths)


class _Loop:
    """Episodes in closed loop, the same at each call."""

    def __init__(
        self,
        runner: PolicyRunner,
        robot: Contract,
        fault: str,
        settings: RolloutSettings,
        worlds: type[Worlds],
    ):
        self._planned = [PlannedEpisode(0, seed) for seed in range(settings.worlds)]
        self._episodes = BatchEpisodes(
            runner, robot, [parse(fault)], settings.worlds, MEASURED, True, settings.steps, worlds
        )

    @property
    def worlds(self) -> Any:
        """The worlds in which they are."""
        return self._episodes.worlds

    def __call__(self) -> int:
        return self._episodes.run(iter(self._planned))


def _physics(robot: Contract, count: int, calls: list) -> Callable[[], int]:
    worlds = Worlds(robot_of(robot), robot, count)

    def run() -> int:
        steps = 0
        for name, given in calls:
            getattr(worlds, name)(*given)
            steps += len(given[0]) if name == 'step' else 0
        return steps

    return run


def _rollout(robot: Contract, count: int, calls: list) -> Callable[[], int]:
    """The steps that all worlds made, from the same starts."""
    worlds, starts = (
        WorldBatch(robot_of(robot), count, 0, robot),
        Worlds(robot_of(robot), robot, count),
    )
    for name, given in calls:
        if name == 'restart':
            starts.restart(*given)
    whole = [given for name, given in calls if name == 'step' and len(given[0]) == count]

    def run() -> int:
        worlds.state[:] = 0.0
        worlds.qpos[:], worlds.qvel[:] = starts.qpos, starts.qvel
        for _, action, lengths in whole:
            worlds.step(action, lengths)
        return len(whole) * count

    return run


def _plain(cell: str, robot: str, settings: RolloutSettings) -> Callable[[], int] | None:
    if not settings.plain:
        return None
    from liquid_control.benchmarks.plain_loop import plain_loop

    return plain_loop(cell, robot, settings.steps * 10)
