"""A policy in one Gymnasium environment, as one would write it with ncps or torch alone."""

from collections.abc import Callable

import gymnasium
import torch

from liquid_control.benchmarks.references import INPUTS, OUTPUTS, PAIRS

ENVIRONMENTS = {'walker2d': 'Walker2d-v5', 'halfcheetah': 'HalfCheetah-v5'}
"""Robots whose Gymnasium environment has the sizes of the references."""


def plain_loop(cell: str, robot: str, steps: int) -> Callable[[], int] | None:
    """A loop over single steps of an untrained reference of a cell; None if there is none.

    Args:
        cell: name of the cell.
        robot: name of the robot.
        steps: steps of each call, of which each returns the number.
    """
    pair = next((pair for pair in PAIRS if pair.cell == cell), None)
    if pair is None or robot not in ENVIRONMENTS:
        return None
    torch.manual_seed(0)
    env = gymnasium.make(ENVIRONMENTS[robot])
    network = pair.sequence().eval()
    with torch.no_grad():
        width = network(torch.zeros(1, 1, INPUTS))[0].shape[-1]
    readout = torch.nn.Identity() if width == OUTPUTS else torch.nn.Linear(width, OUTPUTS)

    def run() -> int:
        observation, _ = env.reset(seed=0)
        state = None
        for _ in range(steps):
            with torch.no_grad():
                x = torch.as_tensor(observation, dtype=torch.float32)[None, None]
                output, state = network(x, state)
                action = torch.tanh(readout(output[0, 0])).numpy()
            observation, _, fallen, over, _ = env.step(action)
            if fallen or over:
                observation, _ = env.reset()
                state = None
        return steps

    return run
