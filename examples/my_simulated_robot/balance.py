"""A policy for the pendulum, and one episode with and without noise: ``balance.py OUT.onnx``."""

import sys
from dataclasses import replace
from pathlib import Path

import onnx.parser
from pendulum import ROBOT

from liquid_control.control import Bundle, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import parse
from liquid_control.provenance import provenance
from liquid_control.sim import register

CONTRACT = Path(__file__).with_name('contract.yaml')

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
    robot = replace(ROBOT, contract_file=CONTRACT)
    register(robot)
    contract = robot.contract()
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
    if len(sys.argv) != 2:
        sys.exit('usage: python balance.py OUT.onnx')
    main(sys.argv[1])
