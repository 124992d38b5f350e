"""What a policy reaches under many faults, each episode by itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.elapsed import MEASURED
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.closed_loop import EPISODES, SEED, Results
from liquid_control.evaluation.episodes import require_faults, run_episodes
from liquid_control.faults import parse


def measure_all(
    policy: Bundle | Path,
    robot: Contract,
    faults: Sequence[str],
    episodes: int = EPISODES,
    seed: int = SEED,
    *,
    elapsed: str = MEASURED,
    thin: bool = True,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> list[Results]:
    """Run a policy on its simulated robot under each of several faults; one result a fault.

    Episode i is that of the seed ``seed + i`` alone: its start, its faults and its clock are those
    of a single episode with this seed, to the last step. A policy whose output is not finite is
    stopped, and its episode goes on with the safe command: see :attr:`Results.stopped`.

    Args:
        policy: a bundle, or its path.
        robot: the robot's contract.
        faults: the faults, see :func:`liquid_control.faults.parse`.
        episodes: number of episodes under each.
        seed: seed of the first episode.
        elapsed: ``measured`` or ``nominal``: the policy is given the elapsed time, or always 1.
        thin: whether readings that come faster than the policy's rate are thinned out.
        report: called as ``report(share, text)`` with the share that is done and what comes next.

    Raises:
        ContractError: the policy does not fit the robot.
        FaultError: a fault is unknown, or the robot cannot have it.
        ValueError: the robot is not simulated, ``elapsed`` is unknown, or a return is not finite.
    """
    require_faults(robot, faults)
    runner = PolicyRunner(policy)
    results = []
    for number, fault in enumerate(faults):
        done, parsed = [], parse(fault)
        for index in range(episodes):
            report((number + index / episodes) / len(faults), fault)
            controller = Controller(runner.twin(), robot, elapsed=elapsed, thin=thin)
            done += run_episodes(controller, robot, parsed, 1, seed + index)
        results.append(Results.of(fault, seed, runner.contract, done))
    report(1.0, '')
    return results
