"""A sensor fault of your own: readings in whole multiples of a step, as of a coarse encoder.

``my_fault.py`` lets the shipped CfC walk with and without it. Put the class into a file of the
package's ``faults/sensor/``, and the command line, training and the nodes know it by its name.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import Draws, SensorFault, setting


@dataclass(frozen=True)
class Quantised(SensorFault):
    """Readings are whole multiples of a step.

    Attributes:
        step: in units of each channel's ``std`` in the contract.
    """

    name: ClassVar[str] = 'quantised'
    about: ClassVar[str] = "steps in units of a channel's std"

    step: float = setting(0.1, 0.001, 10.0)  # default, and bounds

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return np.round(values / (self.step * scale)) * self.step * scale


def main(steps: int = 250) -> None:
    robot = Contract.load(paths.robot('walker2d'))
    runner = PolicyRunner(paths.policy('cfc', 'walker2d'))
    for faults in ((), (Quantised(0.5),), (Quantised(2.0),)):
        (episode,) = run_episodes(Controller(runner, robot), robot, faults, steps=steps)
        end = 'fell' if episode.terminated else 'walked on'
        print(f'{faults or "no fault"}: return {episode.total:.0f}, {end} ({episode.steps} steps)')


if __name__ == '__main__':
    main()
