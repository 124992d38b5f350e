"""A simulated robot of your own: a pendulum that is to stay upright.

``pendulum.py OUT.onnx`` writes a policy for it and lets that policy run for one episode, with and
without sensor noise. A robot is three things: its model (``pendulum.xml``), its contract
(``contract.yaml``) and its description (``ROBOT``). Put the description into the package's
``sim/robots/`` and the contract into ``sim/pendulum/``, and every command knows it by name.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx.parser

from liquid_control.control import Bundle, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import parse
from liquid_control.provenance import provenance
from liquid_control.sim import NoisyStart, SimulatedRobot, register


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
    contract_file=Path(__file__).with_name('contract.yaml'),
    joints=('hinge',),
    actuated=('hinge',),
    step_ns=5_000_000,
    frame_skip=4,
    task=StayUpright(),
    start=NoisyStart(0.05),
    episode_steps=250,
)

BALANCE = """
<ir_version: 8, opset_import: ["": 17]>
balance (float[B, 2] observation, float[B, 1] elapsed, float[B, 1] state)
  => (float[B, 1] action, float[B, 2] prediction, float[B, 1] next_state)
  <float[2, 1] gains = {-3, -0.6}, float[1, 1] zero = {0}>
{
  action = MatMul(observation, gains)
  prediction = Identity(observation)
  nothing = Mul(elapsed, zero)
  next_state = Add(state, nothing)
}
"""


def main(out: str) -> None:
    register(ROBOT)
    contract = ROBOT.contract()
    bundle = Bundle(
        cell='none',
        settings={'network': 'proportional and derivative'},
        contract=contract.asking('joint_position', 'joint_velocity'),
        provenance=provenance(),
        scores={},
        counts={'parameters': 2, 'state_size': 1},
    )
    bundle.write(out, onnx.parser.parse_model(BALANCE).SerializeToString())
    for fault in ('none', 'gaussian:1.0'):
        controller = Controller(PolicyRunner(out), contract)
        (episode,) = run_episodes(controller, contract, parse(fault))
        print(f'{fault}: {episode.steps} steps, return {episode.total:g}')


if __name__ == '__main__':
    main(sys.argv[1])
