"""Episodes in process: the same core and the same numbers as over ROS, but without it."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.observe import Observer
from liquid_control.evaluation.trace import Trace, TraceBuilder
from liquid_control.faults import (
    DynamicsFault,
    Fault,
    FaultInjector,
    SimulationFaults,
    check_model,
    check_periods,
    of_kind,
    parse,
)
from liquid_control.sim import robot_of
from liquid_control.sim.world import World


def require_faults(robot: Contract, faults: Iterable[str]) -> None:
    """Refuse faults that a robot's simulation cannot have, before any work is done.

    Raises:
        FaultError: a fault is unknown or invalid, the robot's model lacks what it changes, or the
            contract lacks the ``std`` of a channel that is its unit, or a control period does not
            suit the nominal one or is no whole number of physics steps.
        ValueError: the robot is not simulated.
    """
    parsed = [fault for text in faults for fault in parse(text)]
    FaultInjector(robot, parsed, seed=0)
    SimulationFaults(parsed, 0, robot.action, robot.period_ns)
    simulated = robot_of(robot)
    check_periods(parsed, simulated.step_ns, robot.period_ns)
    if of_kind(parsed, DynamicsFault):
        check_model(parsed, simulated.load_model())


def require_finite(total: float, robot: Contract, seed: int, step: int) -> None:
    """Refuse a return that is not finite.

    Raises:
        ValueError: it is not; the message names the episode and its step.
    """
    if not math.isfinite(total):
        raise ValueError(
            f'{robot.robot}: episode of seed {seed}, step {step}: '
            f'expected a finite return, found {total}'
        )


@dataclass(frozen=True)
class Episode:
    """One finished episode.

    Attributes:
        seed: seed of its start.
        total: the return, that is, the sum of rewards.
        steps: number of control periods it lasted.
        terminated: whether the robot fell.
        trace: what the policy saw, did and predicted, observation by observation.
        stopped: why the controller had stopped the policy by its end; None if it had not.
    """

    seed: int
    total: float
    steps: int
    terminated: bool
    trace: Trace
    stopped: str | None = None


def run_episodes(
    controller: Controller,
    robot: Contract,
    faults: Sequence[Fault] = (),
    episodes: int = 1,
    seed: int = 0,
    steps: int | None = None,
    watch: Callable[[World], None] = lambda world: None,
) -> list[Episode]:
    """Run a policy for ``episodes`` episodes, with start seeds ``seed``, ``seed + 1``, ….

    When a sample is lost the robot holds its last command, as it does on the graph.

    Args:
        controller: the policy.
        robot: contract of a simulated robot.
        faults: faults of all kinds.
        episodes: number of episodes.
        seed: seed of the first start and of the faults.
        steps: longest episode in control periods; None: the robot's own. Under faults of the
            clock whose periods are not nominal on average, the time of so many nominal ones.
        watch: called at the start of every control period, and at the end of an episode.

    Raises:
        FaultError: a fault cannot be applied.
        ValueError: the robot is not simulated, or a return is not finite.
    """
    simulated = robot_of(robot)
    world = World(simulated, robot)
    steps = simulated.episode_steps if steps is None else steps
    injector = FaultInjector(robot, faults, seed)
    obeyed = SimulationFaults(faults, seed, robot.action, robot.period_ns)
    return [
        _episode(controller, robot, world, injector, obeyed, seed + index, steps, watch)
        for index in range(episodes)
    ]


def _episode(
    controller: Controller,
    robot: Contract,
    world: World,
    injector: FaultInjector,
    faults: SimulationFaults,
    seed: int,
    steps: int,
    watch: Callable[[World], None],
) -> Episode:
    contract = controller.runner.contract.on(robot)
    by_clock = not faults.nominal_on_average
    observer = Observer(contract)
    builder = TraceBuilder(contract)
    world.reset(seed)
    faults.restart()
    held = np.array(robot.action.safe, dtype=np.float32)
    total, terminated = 0.0, False
    while world.passed(by_clock) < steps and not terminated:
        watch(world)
        world.use(faults.model(world.nominal, world.stamp_ns, world.steps))
        for topic, message in world.messages().items():
            if topic not in contract.topics or not injector.apply(topic, message):
                continue
            observed = observer.update(topic, message)
            if observed is not None:
                command = controller.step(*observed)
                builder.add(observed[1], command)
                held = command.action
        length = faults.period(world.stamp_ns, world.steps)
        reward, terminated = world.step(faults.act(held, world.stamp_ns), length)
        total += reward
        require_finite(total, robot, seed, world.steps)
    watch(world)
    return Episode(seed, total, world.steps, terminated, builder.build(), controller.stopped)
