"""The cost of one step of a cell as a bundle and of a reference in eager PyTorch, in one run."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from liquid_control import cells
from liquid_control.benchmarks.references import INPUTS, PAIRS, UNITS, Pair
from liquid_control.benchmarks.step import quantiles
from liquid_control.benchmarks.training_cost import threads_set
from liquid_control.control.contract import Contract
from liquid_control.control.runtime import PolicyRunner
from liquid_control.training.export import export_bundle


class BareStep(torch.nn.Module):
    """A minimal policy: the cell's output is the action, through a linear layer if sizes differ."""

    def __init__(self, cell: cells.Cell, actions: int):
        super().__init__()
        self.cell = cell
        self.action = _readout(cell.output_size, actions)

    def forward(self, observation, elapsed, state):
        output, state = self.cell.step(observation, state, elapsed)
        return self.action(output), observation, state


def _readout(width: int, actions: int) -> torch.nn.Module:
    return torch.nn.Identity() if width == actions else torch.nn.Linear(width, actions)


def beside_references(
    names: list[str],
    robot: Contract,
    rounds: int = 20,
    block: int = 100,
    advance: Callable[[], None] = lambda: None,
) -> list[dict]:
    """One row per cell: its step as a bundle at batch 1, and the eager reference if there is one.

    The bundle's step is a full :class:`PolicyRunner` step; the eager one is just the cell and its
    readout, on existing tensors. Both run on one thread.
    """
    with threads_set(1):
        return [_measure(name, robot, rounds, block, advance) for name in names]


def _measure(name: str, robot: Contract, rounds: int, block: int, advance) -> dict:
    contract = robot.asking('joint_position', 'joint_velocity')
    pair = next((pair for pair in PAIRS if pair.cell == name), None)
    cell = pair.ours() if pair else cells.make(name, INPUTS, UNITS)
    steps = {name: _bundle_step(cell, name, contract)}
    if pair:
        steps[pair.reference] = _eager_step(pair, contract.action_size)
    times: dict[str, list[float]] = {key: [] for key in steps}
    for done in range(-1, rounds):  # the first round is a warm-up
        for key, step in steps.items():
            for _ in range(block):
                started = time.perf_counter()
                step()
                if done >= 0:
                    times[key].append(time.perf_counter() - started)
        advance()
    row = {'cell': name, 'operations': cell.counts().operations, **quantiles(times[name])}
    if pair:
        blocks = [np.median(np.reshape(times[key], (rounds, block)), axis=1) for key in steps]
        row['reference'] = f'{pair.reference}, eager'
        row['reference_us'] = quantiles(times[pair.reference])['p50_us']
        row['ratio'] = float(np.median(blocks[1] / blocks[0]))
    return row


def _bundle_step(cell: cells.Cell, name: str, contract: Contract) -> Callable[[], object]:
    with tempfile.TemporaryDirectory() as folder:
        bundle = export_bundle(
            Path(folder) / f'{name}.onnx',
            BareStep(cell, contract.action_size),
            cell=name,
            settings={},
            contract=contract,
            state_size=cell.state_size,
        )
        runner = PolicyRunner(bundle)
    observation = np.zeros(INPUTS, dtype=np.float32)
    return lambda: runner.step(observation, 1.0)


def _eager_step(pair: Pair, actions: int) -> Callable[[], object]:
    cell = pair.single().eval()
    x, state, elapsed = torch.zeros(1, INPUTS), pair.state(), torch.ones(1, 1)
    with torch.no_grad():
        width = cell(x, state, elapsed)[0].shape[1]
    readout = _readout(width, actions)

    def step():
        nonlocal state
        with torch.no_grad():
            output, state = cell(x, state, elapsed)
            return readout(output)

    return step
