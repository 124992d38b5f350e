"""Teachers: experts that label the states that students are trained on."""

from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.evaluation.expert import Expert
from liquid_control.training.robot import check_teacher


class Teacher(Expert):
    """An expert that labels the states of Walker2d.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: it is a predictor, reads anything but all 17 observations of Walker2d-v5, is
            for another robot, or has a memory.
    """

    def __init__(self, path: Path, count: int):
        bundle = Bundle.read(path)
        check_teacher(bundle, str(path))
        super().__init__(bundle, count)
        self.sha256 = bundle.sha256
