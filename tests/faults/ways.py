"""The same faults in one world and in many: what each gives, step by step."""

from types import SimpleNamespace

import numpy as np
from support import ROBOT

from liquid_control.control import Observer
from liquid_control.control.stamps import stamp_ns
from liquid_control.faults import BatchFaults, FaultInjector, SimulationFaults, Streams, parse
from liquid_control.sim import simulated_robot
from liquid_control.sim.world import World

WALKER2D = simulated_robot('walker2d')
SENSED = ROBOT.asking('joint_position', 'joint_velocity')


class Way:
    """One simulated robot under faults, with a policy that sends random commands."""

    def __init__(self, spec: str, seed: int):
        faults = parse(spec)
        self.world, self.seed = World(WALKER2D), seed
        self._injector = FaultInjector(ROBOT, faults, seed)
        self._faults = SimulationFaults(faults, seed, ROBOT.action, ROBOT.period_ns)
        self._observer = Observer(ROBOT)
        self._commands = np.random.default_rng(seed)

    def reset(self, seed: int) -> None:
        self.world.reset(seed)
        self._faults.restart()

    def step(self) -> SimpleNamespace:
        """What one control period is like: time, stamp, step, values, commands, model."""
        world, faults = self.world, self._faults
        now, step = world.stamp_ns, world.steps
        world.use(faults.model(world.nominal, now, step))
        true = np.concatenate([world.data.qpos[1:], world.data.qvel])
        message = world.messages()['joint_states']
        arrived = self._injector.apply('joint_states', message)
        read = np.concatenate([message.position[1:], message.velocity])
        stamp = stamp_ns(message)
        length = faults.period(now, step)
        sent = self._commands.uniform(-1, 1, len(ROBOT.action.joints))
        acting = faults.act(sent, now)
        reward, fallen = world.step(acting, length)
        return SimpleNamespace(
            now=now, stamp=stamp, step=step, true=true, read=read, arrived=arrived, length=length,
            sent=sent, acting=acting, model=world.model, reward=reward, fallen=fallen,
        )  # fmt: skip


def batch(spec: str, count: int) -> BatchFaults:
    faults = parse(spec)
    return BatchFaults.of(faults, np.ones((count, len(faults)), dtype=bool), SENSED)


def streams(ways: list[Way]) -> Streams:
    return Streams(*(way.seed for way in ways))
