"""A simulated robot of your own: a pendulum that is to stay upright.

A robot is three files: its model (``pendulum.xml``), its contract (``contract.yaml``) and this
description. Put this file into the package's ``sim/robots/`` and the other two into
``sim/pendulum/``, and every command knows the robot by name; ``balance.py`` runs it as it is here.
"""

from dataclasses import dataclass

import numpy as np

from liquid_control.sim.robot import SimulatedRobot
from liquid_control.sim.start import NoisyStart


@dataclass(frozen=True)
class StayUpright:
    """One point for each period; it falls beyond 0.5 rad from upright."""

    def fallen(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        return np.abs(qpos[..., 0]) > 0.5

    def reward(self, before, after, fallen, action, period_s, length=1.0) -> np.ndarray:
        return np.where(fallen, 0.0, 1.0) * length


ROBOT = SimulatedRobot(
    name='pendulum',
    model_file='pendulum.xml',
    joints=('hinge',),
    actuated=('hinge',),
    step_ns=5_000_000,
    frame_skip=4,
    task=StayUpright(),
    start=NoisyStart(0.05),
    episode_steps=250,
)
