"""Walks in process: the same core and the same numbers as over ROS, but without it."""

from collections.abc import Iterable, Sequence
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
    of_kind,
    parse,
)
from liquid_control.sim import walker2d
from liquid_control.sim.world import World


def require_faults(faults: Iterable[str]) -> None:
    """Refuse faults that a simulation cannot have, before any work is done.

    Raises:
        FaultError: a fault is unknown or invalid, or the robot's model lacks what it changes.
    """
    parsed = [fault for text in faults for fault in parse(text)]
    if of_kind(parsed, DynamicsFault):
        check_model(parsed, World().nominal)


@dataclass(frozen=True)
class Episode:
    """One finished walk.

    Attributes:
        seed: seed of its start.
        total: the return, that is, the sum of rewards.
        steps: number of control periods it lasted.
        terminated: whether the walker fell.
        trace: what the policy saw, did and predicted, observation by observation.
    """

    seed: int
    total: float
    steps: int
    terminated: bool
    trace: Trace


def run_episodes(
    controller: Controller,
    robot: Contract,
    faults: Sequence[Fault] = (),
    episodes: int = 1,
    seed: int = 0,
    steps: int = walker2d.EPISODE_STEPS,
) -> list[Episode]:
    """Let a policy walk ``episodes`` times, with start seeds ``seed``, ``seed + 1``, ….

    When a sample is lost the robot holds its last command, as it does on the graph.
    """
    world = World(episode_gap=robot.max_gap + 1.0)
    injector = FaultInjector(robot, faults, seed)
    simulated = SimulationFaults(faults, seed, robot.action)
    return [
        _walk(controller, robot, world, injector, simulated, seed + index, steps)
        for index in range(episodes)
    ]


def _walk(
    controller: Controller,
    robot: Contract,
    world: World,
    injector: FaultInjector,
    faults: SimulationFaults,
    seed: int,
    steps: int,
) -> Episode:
    contract = controller.runner.contract.on(robot)
    observer = Observer(contract)
    builder = TraceBuilder(contract)
    world.reset(seed)
    faults.restart()
    held = np.array(robot.action.safe, dtype=np.float32)
    total, terminated = 0.0, False
    while world.steps < steps and not terminated:
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
    return Episode(seed, total, world.steps, terminated, builder.build())
