"""Episodes of one policy in many worlds at once, each equal to a single one to the last step."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import require_elapsed
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.batch.controller import BatchController
from liquid_control.evaluation.batch.faults import SlotFaults
from liquid_control.evaluation.batch.policy import BatchPolicy
from liquid_control.evaluation.batch.sensing import JointReadings
from liquid_control.evaluation.batch.traces import BatchTraces
from liquid_control.evaluation.episodes import Episode, require_finite
from liquid_control.faults import Fault, nominal_on_average
from liquid_control.sim import robot_of
from liquid_control.sim.worlds import Worlds

_TURNS = 50
"""Control periods between two reports of what is under way."""


class PlannedEpisode(NamedTuple):
    """One episode to run: which list of faults acts, and the seed of its start and faults."""

    faults: int
    seed: int


class BatchEpisodes:
    """Runs episodes of a policy, N at once; where one ends, the next begins.

    Args:
        runner: the policy; it senses joints alone, see :func:`sensing.joints_alone`.
        robot: contract of a simulated robot.
        lists: lists of faults.
        count: N.
        elapsed: ``measured`` or ``nominal``: the policy is given the elapsed time, or always 1.
        thin: whether readings that come faster than the policy's rate are thinned out.
        steps: longest episode, as :func:`run_episodes` takes it; None: the robot's own.
        worlds: the class of the worlds.

    Raises:
        ContractError: the policy does not fit the robot.
        FaultError: a fault cannot be applied.
        ValueError: the robot is not simulated, or ``elapsed`` is unknown.
    """

    def __init__(
        self,
        runner: PolicyRunner,
        robot: Contract,
        lists: Sequence[Sequence[Fault]],
        count: int,
        elapsed: str,
        thin: bool,
        steps: int | None = None,
        worlds: type[Worlds] = Worlds,
    ):
        require_elapsed(elapsed)
        runner.bundle.require_driver(robot)
        simulated, contract = robot_of(robot), runner.contract.on(robot)
        self._robot = robot
        self._longest = simulated.episode_steps if steps is None else steps
        self._timed = [not nominal_on_average(faults, robot.period_ns) for faults in lists]
        self._by_clock = np.zeros(count, dtype=bool)
        self.worlds = worlds(simulated, robot, count)
        self._readings = JointReadings(self.worlds.nominal, contract, robot)
        self._faults = SlotFaults(lists, count, self._readings, robot)
        self._controller = BatchController(BatchPolicy(runner, count), robot, elapsed, thin)
        self._traces = BatchTraces(contract, count, self._longest)
        self._safe = np.array(robot.action.safe, dtype=np.float32)
        self._held = np.tile(self._safe, (count, 1))
        self._totals = np.zeros(count)
        self._plans = [PlannedEpisode(0, 0)] * count
        self._running = np.zeros(count, dtype=bool)

    def run(
        self,
        planned: Iterator[PlannedEpisode],
        done: Callable[[PlannedEpisode, Episode], None] = lambda plan, episode: None,
        under_way: Callable[[float], None] = lambda episodes: None,
    ) -> int:
        """Run all episodes; return how many control periods they lasted in all.

        Args:
            planned: the episodes, begun in this order.
            done: called with each as it ends.
            under_way: called now and then with the sum of the shares that have passed of the
                episodes that have begun and not ended.

        Raises:
            BatchStepError: a step of the policy fails.
            FaultError: a fault makes a command or a period that cannot be.
            ValueError: a return is not finite.
        """
        for row in range(len(self._plans)):
            self._begin(row, next(planned, None))
        steps = 0
        for turn in itertools.count(1):
            rows = np.flatnonzero(self._running)
            if not len(rows):
                break
            if turn % _TURNS == 0:
                under_way(float(np.sum(self._passed()[rows] / self._longest)))
            fallen = self._step(rows)
            steps += len(rows)
            ended = fallen | (self._passed()[rows] >= self._longest)
            for row, falls in zip(rows[ended].tolist(), fallen[ended].tolist(), strict=True):
                done(self._plans[row], self._episode(row, falls))
                self._begin(row, next(planned, None))
        return steps

    def _passed(self) -> np.ndarray:
        return self.worlds.passed(self._by_clock)

    def _begin(self, row: int, plan: PlannedEpisode | None) -> None:
        self._running[row] = plan is not None
        if plan is None:
            self._faults.end(row)
            return
        self._plans[row] = plan
        self._by_clock[row] = self._timed[plan.faults]
        self.worlds.restart(row, plan.seed)
        self._faults.restart(row, plan.faults, plan.seed)
        self._controller.reset(row)
        self._traces.restart(row)
        self._held[row], self._totals[row] = self._safe, 0.0

    def _step(self, rows: np.ndarray) -> np.ndarray:
        """Advance some worlds by one control period; return whether each has fallen."""
        worlds, faults = self.worlds, self._faults
        faults.at(worlds.stamps)
        for row, model in faults.models(worlds.nominal, worlds.steps):
            worlds.use(row, model)
        sent, arrived, stamps = faults.read(self._readings.sent(worlds.qpos, worlds.qvel))
        heard = rows[arrived[rows]]
        if len(heard):
            observations, stamped = self._readings.observed(sent[heard]), stamps[heard]
            commands = self._controller.step(heard, stamped, observations)
            self._traces.add(heard, stamped, observations, commands)
            self._held[heard] = commands.action
        lengths, acting = faults.periods(worlds.steps), faults.act(self._held)
        reward, fallen = worlds.step(rows, acting[rows], lengths[rows])
        self._totals[rows] += reward
        for row in rows[~np.isfinite(self._totals[rows])].tolist():
            seed, step = self._plans[row].seed, int(worlds.steps[row])
            require_finite(self._totals[row], self._robot, seed, step)
        return fallen

    def _episode(self, row: int, fallen: bool) -> Episode:
        return Episode(
            self._plans[row].seed,
            float(self._totals[row]),
            int(self.worlds.steps[row]),
            fallen,
            self._traces.trace(row),
            self._controller.stopped(row),
        )
