"""CfC on the wiring of a neural circuit policy (NCP)."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch.nn.functional import linear

from liquid_control.cells import ncps_weights
from liquid_control.cells.backward import fits, unroll
from liquid_control.cells.base import Cell, stepwise
from liquid_control.cells.cfc import HEADS, Gates
from liquid_control.cells.wirings import Wiring, build


class CfCNCP(Cell):
    """CfC without a backbone on a wiring: Lechner et al. 2020 with Hasani et al. 2022.

    The layers of the wiring are evaluated in order within a step. Every unit is a CfC of the
    inputs and units connected to it: earlier layers at their new values, its own and later layers
    at their previous ones. All heads, time gates included, have one weight per synapse and no
    others. ncps's ``WiredCfCCell`` differs: its time gates are not masked, the units of a layer
    are fully connected to each other, and masked weights count as parameters. Neither uses the
    polarity.

    The state holds the units layer by layer, (B, U); the output is the motor units.

    Args:
        input_size: I.
        hidden_size: U, all units.
        wiring: see :func:`liquid_control.cells.wirings.build`, as for the next three.
        motors: output units.
        sparsity: share of synapses left out.
        seed: seed of the synapses.
        mode: as in :class:`~liquid_control.cells.cfc.CfC`.
        head_activation: as in CfC.
        dense_recurrence: connect all units within a layer to each other, as ncps does.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        wiring: str | Mapping[str, Any] = 'auto',
        motors: int | None = None,
        sparsity: float = 0.5,
        seed: int = 22222,
        mode: str = 'default',
        head_activation: str = 'tanh',
        dense_recurrence: bool = False,
    ):
        super().__init__()
        wired = build(wiring, input_size, hidden_size, motors, sparsity, seed)
        self.input_size, self.state_size, self.output_size = input_size, hidden_size, wired.motors
        self.sizes = [len(layer) for layer in wired.layers]
        self.layers = torch.nn.ModuleList(
            Layer(*_reach(wired, depth, dense_recurrence), mode, head_activation)
            for depth in range(len(self.sizes))
        )
        order = [unit for layer in wired.layers for unit in layer]
        positions = [order.index(unit) for unit in range(wired.motors)]
        self.first_motor = positions[0]
        if positions != list(range(positions[0], positions[0] + wired.motors)):
            raise ValueError(f'wiring: expected contiguous motors in one layer, found {positions}')

    def advance(self, sensed, state, elapsed):
        return self._advance([layer.weight() for layer in self._layers()], sensed, state, elapsed)

    def _advance(self, weights, sensed, state, elapsed):
        blocks = [sensed, *state.split(self.sizes, dim=1)]
        for depth, (layer, weight) in enumerate(zip(self._layers(), weights, strict=True), start=1):
            sources = torch.cat([blocks[source] for source in layer.sources], dim=1)
            blocks[depth] = layer.gates(linear(sources, weight, layer.bias), elapsed)
        after = torch.cat(blocks[1:], dim=1)
        return after.narrow(1, self.first_motor, self.output_size), after

    def unroll(self, sensed, elapsed, state, counts):
        weights = [layer.weight() for layer in self._layers()]
        if any(source > depth for depth, layer in enumerate(self._layers(), 1)
               for source in layer.sources):  # fmt: skip
            # A later layer feeds an earlier one, so the sequence must be stepped through.
            def advance(*now):
                return self._advance(weights, *now)

            return stepwise(advance, sensed, elapsed, state, counts)
        blocks, lasts = [sensed], []
        for depth, (layer, weight) in enumerate(zip(self._layers(), weights, strict=True), start=1):
            before = state.split(self.sizes, dim=1)[depth - 1]
            outputs, last = self._layer(depth, layer, weight, blocks, elapsed, before, counts)
            blocks.append(outputs)
            lasts.append(last)
        units = torch.cat(blocks[1:], dim=2)
        return units.narrow(2, self.first_motor, self.output_size), torch.cat(lasts, dim=1)

    def _layer(self, depth, layer, weight, blocks, elapsed, state, counts):
        """One layer over the whole sequence, given the layers before: outputs and last state."""
        earlier = [blocks[source] for source in layer.sources if source < depth]
        known = sum(block.shape[-1] for block in earlier)
        heads = layer.bias.expand(*elapsed.shape[:2], -1)
        if earlier:
            heads = linear(torch.cat(earlier, dim=2), weight[:, :known], layer.bias)
        if depth in layer.sources:
            recurrent = weight[:, known:].t()
            if counts is None and fits(heads):
                return unroll(None, layer.gates, None, heads, elapsed, state, recurrent, [])

            def advance(summed, before, since):
                after = layer.gates(torch.addmm(summed, before, recurrent), since)
                return after, after

            return stepwise(advance, heads, elapsed, state, counts)
        outputs = layer.gates(heads, elapsed)
        if counts is None:
            return outputs, outputs[:, -1]
        outputs = torch.where(counts, outputs, torch.zeros_like(outputs))
        number = counts.sum(1)
        last = outputs.gather(
            1, (number - 1).clamp(min=0)[..., None].expand(-1, 1, outputs.shape[2])
        )
        return outputs, torch.where(number > 0, last[:, 0], state)

    def synapses(self):
        return sum(layer.values.shape[1] for layer in self._layers())

    def operations(self):
        layers = self._layers()
        weights = sum(layer.values.numel() for layer in layers)
        return weights + sum(layer.gates.size * layer.gates.cost for layer in layers)

    def _layers(self) -> list['Layer']:
        return [cast('Layer', layer) for layer in self.layers]

    def load_ncps(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Load the weights of ncps; see :func:`ncps_weights.load_wired_cfc`."""
        ncps_weights.load_wired_cfc(self, weights)


class Layer(torch.nn.Module):
    """Weights of one layer, stored for existing synapses only, (heads, synapses).

    Args:
        mask: which source is connected to which unit, (units, sources), bool.
        sources: which blocks the sources come from: 0 is the inputs, n the n-th layer.
    """

    index: torch.Tensor

    def __init__(self, mask: np.ndarray, sources: list[int], mode: str, head_activation: str):
        super().__init__()
        units = mask.shape[0]
        self.sources, self.heads = sources, HEADS.get(mode, 1)
        self.gates = Gates(units, mode, head_activation)
        synapses = int(mask.sum())
        # Index of each entry's value; entries without a synapse point to a zero at the end.
        index = np.full(mask.shape, synapses)
        index[mask] = np.arange(synapses)
        self.register_buffer('index', torch.from_numpy(index), persistent=False)
        # Glorot's rule with the average fan-in of a unit and fan-out of a source.
        bound = (6 / (synapses / units + synapses / mask.shape[1])) ** 0.5
        self.values = torch.nn.Parameter(torch.empty(self.heads, synapses).uniform_(-bound, bound))
        bound = (synapses / units) ** -0.5
        self.bias = torch.nn.Parameter(torch.empty(self.heads * units).uniform_(-bound, bound))
        for parameter in self.gates.parameters():
            torch.nn.init.xavier_uniform_(parameter)

    def weight(self) -> torch.Tensor:
        """The dense weight, (heads · units, sources)."""
        padded = torch.nn.functional.pad(self.values, (0, 1))
        return padded[:, self.index].flatten(0, 1)


def _reach(wiring: Wiring, depth: int, dense: bool) -> tuple[np.ndarray, list[int]]:
    """Mask of one layer, (units, sources), and the blocks that feed it."""
    units = list(wiring.layers[depth])
    blocks = [wiring.sensory[:, units]]
    blocks += [wiring.inner[list(layer)][:, units] for layer in wiring.layers]
    if dense:
        blocks[depth + 1] = np.ones((len(units), len(units)))
    # Earlier layers come first, then those seen at their previous values.
    sources = [number for number, block in enumerate(blocks) if block.any()]
    if not sources:
        raise ValueError(f'wiring: layer {depth} has no incoming synapses')
    return np.concatenate([blocks[number] for number in sources]).T != 0, sources
