"""Make a bundle of a policy that holds an arm: ``policy.py CONTRACT.yaml OUT.onnx``.

The graph is one step: torques from the joints' positions and how they moved since the last step.
A trained network is exported in the same way: any ONNX graph with these inputs and outputs.
"""

import sys

import onnx.parser

from liquid_control.control import Bundle, Contract
from liquid_control.provenance import provenance

STEP = """
<ir_version: 8, opset_import: ["": 17]>
hold (float[B, 2] observation, float[B, 1] elapsed, float[B, 3] state)
  => (float[B, 2] action, float[B, 2] prediction, float[B, 3] next_state)
  <float[1, 2] stiffness = {6, 3}, float[1, 2] damping = {30, 10},
   float[1, 1] zero = {0}, float[1, 1] one = {1}, int64[2] widths = {2, 1}>
{
  before, seen = Split <axis = 1> (state, widths)
  difference = Sub(observation, before)
  since = Mul(difference, seen)
  periods = Max(elapsed, one)
  moved = Div(since, periods)
  pull = Mul(observation, stiffness)
  drag = Mul(moved, damping)
  force = Add(pull, drag)
  action = Neg(force)
  prediction = Add(observation, moved)
  nothing = Mul(elapsed, zero)
  started = Add(nothing, one)
  next_state = Concat <axis = 1> (observation, started)
}
"""


def main(contract: str, out: str) -> None:
    robot = Contract.load(contract)
    bundle = Bundle(
        cell='none',
        settings={'network': 'spring and damper', 'stiffness': [6.0, 3.0]},
        contract=robot.asking('joint_position'),
        provenance=provenance(),
        scores={},
        counts={'parameters': 4, 'state_size': 3},
    )
    bundle.write(out, onnx.parser.parse_model(STEP).SerializeToString())


if __name__ == '__main__':
    main(*sys.argv[1:])
