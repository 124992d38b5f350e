"""A simulated robot as data: its model, joints, actuation, sensors, task and start."""

import importlib.util
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquid_control import extras, paths
from liquid_control.control.contract import Contract, ContractError
from liquid_control.sim.actuation import Actuation, Direct
from liquid_control.sim.start import Start
from liquid_control.sim.task import Task

if TYPE_CHECKING:
    import mujoco

GYMNASIUM = 'gymnasium:'
"""Prefix of a model file in Gymnasium's assets."""


@dataclass(frozen=True)
class SimulatedRobot:
    """A robot that MuJoCo simulates.

    Its contract says what it offers on the graph, in which units and at which rate; this says how
    to simulate it. Joints have one degree of freedom each; a free joint needs no entry.
    """

    name: str
    """Its name: that of its contract, and of its folder in ``sim/``."""
    model_file: str | Path
    """MJCF: ``gymnasium:FILE``, or a path; a relative one begins at the contract's folder."""
    joints: tuple[str, ...]
    """Joints published on ``joint_states``, in this order."""
    actuated: tuple[str, ...]
    """Joint of each of the model's actuators, in the model's order."""
    step_ns: int
    """Length of a physics step in ns, as in the model."""
    frame_skip: int
    """Physics steps per control period."""
    task: Task
    """What it is rewarded for, and what counts as a fall."""
    start: Start
    """How an episode starts."""
    base: str | None = None
    """Body that carries the IMU, and whose pose is published; None: neither is published."""
    actuation: Actuation = field(default_factory=Direct)
    """How a command becomes a force."""
    episode_steps: int = 1000
    """Longest episode in nominal control periods."""
    student_terms: tuple[str, ...] = ('joint_position', 'previous_action')
    """Terms of the contract that students read."""
    teacher_terms: tuple[str, ...] = ('joint_position', 'joint_velocity')
    """Terms of the contract that experts and teachers read."""
    camera_distance: float = 4.0
    """Distance from which videos show it, m."""
    contract_file: Path | None = None
    """Its contract; None: the one in ``sim/NAME``."""

    @property
    def period_ns(self) -> int:
        """Length of a control period in ns."""
        return self.frame_skip * self.step_ns

    @property
    def period_s(self) -> float:
        """Length of a control period in s."""
        return self.frame_skip * self.step_ns * 1e-9

    @property
    def episode_s(self) -> float:
        """Length of the longest episode in s."""
        return self.episode_steps * self.period_s

    def contract_path(self) -> Path:
        """Path of its contract.

        Raises:
            FileNotFoundError: there is none.
        """
        own = paths.share() / 'sim' / self.name / 'contract.yaml'
        path = self.contract_file or paths.robots().get(self.name, own)
        if not path.is_file():
            raise FileNotFoundError(f'simulated robot {self.name}: {path} is missing')
        return path

    def contract(self) -> Contract:
        """Its contract.

        Raises:
            ContractError: the file is wrong, or describes another robot.
            FileNotFoundError: there is none.
        """
        contract = Contract.load(self.contract_path())
        if contract.robot != self.name:
            raise ContractError(
                f'{contract.source}: robot: expected {self.name}, found {contract.robot}'
            )
        return contract

    def model_path(self) -> Path:
        """Path of its model file.

        Raises:
            MissingModuleError: it is one of Gymnasium's, which is not installed.
            FileNotFoundError: there is no such file, or no contract to begin at.
        """
        text = str(self.model_file)
        if text.startswith(GYMNASIUM):
            return gymnasium_asset(text.removeprefix(GYMNASIUM))
        path = self.contract_path().parent / self.model_file
        return paths.existing(path, f'model of {self.name}')

    def load_model(self) -> 'mujoco.MjModel':
        """Its compiled model, a new one at each call, which the caller may change.

        Raises:
            MissingModuleError: Gymnasium's model files are not installed.
            FileNotFoundError: there is no model file.
            ValueError: the model is broken, or lacks what this description names.
        """
        path = self.model_path()
        model = _compiled(path)
        self._check(model, path)
        self.actuation.apply(model, self.actuated)
        return model

    def _check(self, model: 'mujoco.MjModel', path: Path) -> None:
        import mujoco

        def fail(what: str, expected: Any, found: Any) -> ValueError:
            return ValueError(
                f'simulated robot {self.name}: {what}: expected {expected} in {path}, found {found}'
            )

        if round(model.opt.timestep * 1e9) != self.step_ns:
            raise fail('step_ns', self.step_ns, round(model.opt.timestep * 1e9))
        single = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))
        joints = [
            model.joint(index).name
            for index in range(model.njnt)
            if int(model.jnt_type[index]) in single
        ]
        for joint in self.joints:
            if joint not in joints:
                raise fail('joints', f'a hinge or slide named {joint}', f'only {joints}')
        actuated = tuple(model.joint(int(joint)).name for joint in model.actuator_trnid[:, 0])
        if actuated != self.actuated:
            raise fail('actuated', list(self.actuated), list(actuated))
        bodies = [model.body(index).name for index in range(model.nbody)]
        if self.base is not None and self.base not in bodies:
            raise fail('base', f'a body named {self.base}', f'only {bodies}')


def _compiled(path: Path) -> 'mujoco.MjModel':
    """Compile a model; MuJoCo's warnings become Python's, and are not written into a log file.

    Raises:
        ValueError: the model is broken; the message names its file.
    """
    import mujoco

    said: list[str] = []
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(said.append)
    try:
        return mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        raise ValueError(f'{path}: {" ".join(str(error).split())}') from error
    finally:
        mujoco.set_mju_user_warning(before)
        for text in said:
            if 'settotalmass' not in text:  # in Gymnasium's HalfCheetah, whose model is not ours
                warnings.warn(f'{path}: {text}', stacklevel=3)


def gymnasium_asset(file: str) -> Path:
    """Path of a model file in the gymnasium package, found without importing it.

    Raises:
        MissingModuleError: gymnasium is not installed.
        FileNotFoundError: it has no such file.
    """
    extras.require('gymnasium')
    spec: Any = importlib.util.find_spec('gymnasium')
    path = Path(spec.origin).parent / 'envs' / 'mujoco' / 'assets' / file
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; gymnasium >= 1.0 ships it')
    return path
