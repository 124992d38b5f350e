"""The simulated robots, by name: every file of the package ``robots``, and those registered."""

import functools
import importlib
import pkgutil

import liquid_control.sim.robots as descriptions
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.sensors import JointSensor, sensors_of

_registered: dict[str, SimulatedRobot] = {}


@functools.cache
def _shipped() -> dict[str, SimulatedRobot]:
    found = {}
    for module in pkgutil.iter_modules(descriptions.__path__):
        robot = importlib.import_module(f'{descriptions.__name__}.{module.name}').ROBOT
        found[robot.name] = robot
    return found


def simulated_robots() -> dict[str, SimulatedRobot]:
    """Name → every simulated robot, in alphabetical order."""
    return dict(sorted({**_shipped(), **_registered}.items()))


def register(robot: SimulatedRobot) -> None:
    """Add a robot to those that can be simulated in this process; one of its name is replaced."""
    _registered[robot.name] = robot


def simulated_robot(name: str) -> SimulatedRobot:
    """Look up a simulated robot by name.

    Raises:
        ValueError: there is none of that name; the message names the nearest.
    """
    known = simulated_robots()
    if name not in known:
        raise ValueError(unknown('simulated robot', name, known))
    return known[name]


def robot_of(contract: Contract) -> SimulatedRobot:
    """The simulated robot that a contract describes.

    Raises:
        ValueError: the robot is not simulated, or lacks a topic, a joint or a rate of the
            contract; the message says which.
    """
    known = simulated_robots()
    robot = known.get(contract.robot)
    if robot is None:
        raise ValueError(
            f'{contract.source}: robot {contract.robot} is not simulated; those that are: '
            f'{", ".join(known)}; on a robot that runs: robot.launch.py robot:=…'
        )
    types = {sensor.topic: sensor.type for sensor in sensors_of(robot)}
    lacking = [topic for topic in contract.topics if topic not in types]
    lacking += [joint for joint in contract.action.joints if joint not in robot.actuated]
    lacking += [
        joint
        for term in contract.sensed
        if term.topic == JointSensor.topic and not term.components
        for joint in term.channels
        if joint not in robot.joints
    ]
    if lacking:
        raise ValueError(
            f'{contract.source}: the simulated {robot.name} has no {", ".join(lacking)}; '
            f'it has the topics {", ".join(types)}, the joints '
            f'{", ".join(robot.joints)}, and commands {", ".join(robot.actuated)}'
        )
    if contract.period_ns != robot.period_ns:
        raise ValueError(
            f'{contract.source}: rate: expected {1e9 / robot.period_ns:g}, that of the simulated '
            f'{robot.name}, found {contract.rate:g}'
        )
    return robot
