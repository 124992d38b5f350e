"""The simulated robots, by name: every file of the package ``robots``, and those registered."""

import functools
from pathlib import Path
from types import ModuleType

import liquid_control.sim.robots as descriptions
from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.extras import MissingModuleError
from liquid_control.modules import modules_of
from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.sensors import JointSensor, sensors_of

_registered: dict[str, SimulatedRobot] = {}


@functools.cache
def _shipped() -> dict[str, SimulatedRobot]:
    robots: dict[str, SimulatedRobot] = {}
    files: dict[str, Path] = {}
    found = modules_of(descriptions, 'a robot', ValueError, MissingModuleError)
    for file, module in found:
        robot = _described(module, file)
        if robot.name in robots:
            raise ValueError(
                f'{file}: name: expected one that no other robot has, found {robot.name}, '
                f'as in {files[robot.name]}'
            )
        robots[robot.name], files[robot.name] = robot, file
    return robots


def _described(module: ModuleType, file: Path) -> SimulatedRobot:
    """``ROBOT`` of a module.

    Raises:
        ValueError: the module defines no robot; the message names its file.
    """
    robot = getattr(module, 'ROBOT', None)
    if not isinstance(robot, SimulatedRobot):
        found = 'none' if robot is None else f'one of type {type(robot).__name__}'
        raise ValueError(f'{file}: ROBOT: expected a SimulatedRobot, found {found}')
    return robot


def simulated_robots() -> dict[str, SimulatedRobot]:
    """Name → every simulated robot, in alphabetical order.

    Raises:
        ValueError: a file of the package ``robots`` is broken, or has another's name.
    """
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


def simulated_contract(name_or_path: str | Path) -> Path:
    """Find the contract of a simulated robot, given the path of a YAML file or the robot's name.

    Raises:
        FileNotFoundError: there is no such file, or the robot has no contract.
        ValueError: there is no robot of this name, or it is a policy; the message names those that
            are simulated.
    """
    known = simulated_robots()
    if name_or_path in known:
        return known[str(name_or_path)].contract_path()
    if not paths.is_path(name_or_path, *paths.FILES) and name_or_path not in paths.robots():
        raise ValueError(unknown('robot', str(name_or_path), known))
    return paths.robot(name_or_path)


def robot_of(contract: Contract) -> SimulatedRobot:
    """The simulated robot that a contract describes.

    Raises:
        ValueError: the robot is not simulated, or lacks a topic, a joint or a rate of the
            contract, or the contract is in another robot's folder; the message says which.
    """
    known = simulated_robots()
    folder = Path(contract.source).parent
    if folder.name in known and folder.name != contract.robot:
        own = known[folder.name]
        if folder == paths.share() / 'sim' / own.name:
            own.contract()  # refuses it
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
            f'{contract.source}: the simulated {robot.name} has no '
            f'{", ".join(dict.fromkeys(lacking))}; '
            f'it has the topics {", ".join(types)}, the joints '
            f'{", ".join(robot.joints)}, and commands {", ".join(robot.actuated)}'
        )
    if contract.period_ns != robot.period_ns:
        raise ValueError(
            f'{contract.source}: rate: expected {1e9 / robot.period_ns:g}, that of the simulated '
            f'{robot.name}, found {contract.rate:g}'
        )
    return robot
