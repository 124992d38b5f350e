"""Commands that are lost, so that the robot repeats the one before."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control.faults.kinds import CommandFault
from liquid_control.faults.randomness import Draws
from liquid_control.faults.settings import setting


@dataclass(frozen=True)
class CommandRepeat(CommandFault):
    """In each control period the command that acted last acts again, with the same probability.

    Attributes:
        chance: probability that the command of a period is lost.
    """

    name: ClassVar[str] = 'command_repeat'
    about: ClassVar[str] = 'the last command acts again, by chance'
    graded: ClassVar[bool] = True

    chance: float = setting(0.1, 0.0, 1.0, neutral=0.0)

    def drops(self, draws: Draws) -> np.ndarray:
        return draws.uniform(each='sample') < self.chance
