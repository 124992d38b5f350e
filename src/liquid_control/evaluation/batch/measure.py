"""What a policy reaches under many faults, many episodes at once, each by itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.elapsed import MEASURED, ElapsedWatch
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
from liquid_control.evaluation.batch.policy import BatchStepError
from liquid_control.evaluation.batch.sensing import joints_alone
from liquid_control.evaluation.closed_loop import EPISODES, SEED, Results
from liquid_control.evaluation.episodes import Episode, require_faults, run_episodes
from liquid_control.faults import parse
from liquid_control.faults.simulation import check_seed

WORLDS = 128
"""Episodes at once."""


def measure_all(
    policy: Bundle | Path,
    robot: Contract,
    faults: Sequence[str],
    episodes: int = EPISODES,
    seed: int = SEED,
    *,
    elapsed: str = MEASURED,
    thin: bool = True,
    warn: bool = True,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> list[Results]:
    """Run a policy on its simulated robot under each of several faults; one result a fault.

    Episode i is that of the seed ``seed + i`` alone: its start, its faults and its clock are those
    of :func:`run_episodes` with one episode of this seed, to the last step. Many are run at once,
    if the policy senses joints alone; otherwise one after another. A policy whose output is not
    finite is stopped, and its episode goes on with the safe command: see :class:`Results`.

    Args:
        policy: a bundle, or its path.
        robot: the robot's contract.
        faults: the faults, see :func:`liquid_control.faults.parse`.
        episodes: number of episodes under each.
        seed: seed of the first episode.
        elapsed: ``measured`` or ``nominal``: the policy is given the elapsed time, or always 1.
        thin: whether readings that come faster than the policy's rate are thinned out.
        warn: whether a warning is logged, once, if elapsed times stay far outside of those that the
            policy was trained with.
        report: called as ``report(share, fault)`` now and then, with the share that is done and the
            fault whose episode ended last.

    Raises:
        ContractError: the policy does not fit the robot.
        FaultError: a fault is unknown, the robot cannot have it, or the seed is out of bounds.
        ValueError: the robot is not simulated, ``elapsed`` or ``episodes`` is wrong, or a return
            is not finite.
    """
    if episodes < 1:
        raise ValueError(f'episodes: expected 1 or more, found {episodes}')
    if not faults:
        return []
    require_faults(robot, faults)
    check_seed(seed)
    check_seed(seed + episodes - 1)
    runner = PolicyRunner(policy)
    if not warn:
        runner.watch = ElapsedWatch(None)
    lists = [parse(fault) for fault in faults]
    found = _Collected(runner.contract, faults, episodes, seed, report)
    if joints_alone(runner.contract.on(robot), robot):
        count = min(WORLDS, len(found.missing()))
        try:
            worlds = BatchEpisodes(runner, robot, lists, count, elapsed, thin)
            worlds.run(iter(found.missing()), found.add, found.under_way)
        except BatchStepError:
            pass  # which robot's step failed can only be told one by one
    for plan in found.missing():
        controller = Controller(runner, robot, elapsed=elapsed, thin=thin)
        done = run_episodes(controller, robot, lists[plan.faults], 1, plan.seed)
        found.add(plan, done[0])
    return found.results()


class _Collected:
    """Episodes under each fault as they end, and the results of the faults that are through."""

    def __init__(
        self,
        contract: Contract,
        faults: Sequence[str],
        episodes: int,
        seed: int,
        report: Callable[[float, str], None],
    ):
        self._contract, self._faults, self._seed, self._report = contract, faults, seed, report
        self._missing = dict.fromkeys(
            PlannedEpisode(number, seed + index)
            for number in range(len(faults))
            for index in range(episodes)
        )
        self._planned, self._share, self._last = len(self._missing), 0.0, ''
        self._episodes: list[list[Episode | None]] = [[None] * episodes for _ in faults]
        self._results: dict[int, Results] = {}

    def missing(self) -> list[PlannedEpisode]:
        """The episodes that have not been run, fault by fault."""
        return list(self._missing)

    def add(self, plan: PlannedEpisode, episode: Episode) -> None:
        """Take in an episode."""
        del self._missing[plan]
        number, fault = plan.faults, self._faults[plan.faults]
        self._episodes[number][plan.seed - self._seed] = episode
        done = [each for each in self._episodes[number] if each is not None]
        if len(done) == len(self._episodes[number]):
            self._results[number] = Results.of(fault, self._seed, self._contract, done)
            self._episodes[number] = []
        self._last = fault
        self.under_way(0.0)

    def under_way(self, episodes: float) -> None:
        """Report how far all is, with the shares that have passed of running episodes in sum."""
        done = self._planned - len(self._missing) + episodes
        self._share = max(self._share, done / self._planned)
        self._report(self._share, self._last)

    def results(self) -> list[Results]:
        """One result a fault, in their order."""
        return [self._results[number] for number in range(len(self._faults))]
