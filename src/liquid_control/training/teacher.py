"""Teachers: experts that label the states that students are trained on."""

from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.evaluation.expert import Expert
from liquid_control.sim import SimulatedRobot
from liquid_control.training.robot import check_teacher


class Teacher(Expert):
    """An expert that labels the states of a robot.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: it is a predictor, reads other terms than the robot's teachers, is for another
            robot, or has a memory.
    """

    def __init__(self, path: Path, count: int, robot: SimulatedRobot):
        bundle = Bundle.read(path)
        check_teacher(bundle, str(path), robot)
        super().__init__(bundle, count)
        self.robot = robot
        self.sha256 = bundle.sha256
