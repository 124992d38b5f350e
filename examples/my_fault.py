"""A sensor fault of your own: readings that are too small, as of a sensor calibrated wrongly.

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
class Gain(SensorFault):
    """Readings are a multiple of the truth.

    Attributes:
        factor: how large they are, relative to the truth.
    """

    name: ClassVar[str] = 'gain'
    about: ClassVar[str] = 'readings times this'
    graded: ClassVar[bool] = True  # so that it takes a schedule such as /ramp:500

    factor: float = setting(0.9, 0.0, 10.0, neutral=1.0)  # default, bounds, what changes nothing

    def corrupt(self, values: np.ndarray, scale: np.ndarray, draws: Draws) -> np.ndarray:
        return self.factor * values


def main(steps: int = 250) -> None:
    robot = Contract.load(paths.robot('walker2d'))
    runner = PolicyRunner(paths.policy('cfc', 'walker2d'))
    for faults in ((), (Gain(0.9),), (Gain(0.6),)):
        (episode,) = run_episodes(Controller(runner, robot), robot, faults, steps=steps)
        end = 'fell' if episode.terminated else 'walked on'
        print(f'{faults or "no fault"}: return {episode.total:.0f}, {end} ({episode.steps} steps)')


if __name__ == '__main__':
    main()
