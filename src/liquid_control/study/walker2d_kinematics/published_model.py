"""The models of the published recipes, initialised as in the authors' code."""

from collections.abc import Sequence

import torch

from liquid_control.cells import LSTM, Cell, make
from liquid_control.cells.cfc import Gates
from liquid_control.cells.ltc import Channels
from liquid_control.models import ModelSettings, RawPredictor
from liquid_control.study.run import Run
from liquid_control.study.walker2d_kinematics.dataset import CHANNELS

ADDED_TIME = 1e-3
"""Constant that the authors' LTC adds to the elapsed time."""
FORGET_BIAS = 2.1
"""Initial forget bias of mixed memory."""


class PublishedModel(RawPredictor):
    """A cell on raw frames with a linear readout.

    The authors' gate is sigmoid(−t_a·Δt + t_b), ours sigmoid(t_a·Δt + t_b). As the initial weights
    of t_a are symmetric about 0, each is the other with their sign flipped.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__(settings, CHANNELS, ADDED_TIME if settings.cell == 'ltc' else 0.0)
        if settings.cell == 'cfc_mixed':
            self.cell = MixedMemory(settings.hidden_size, **settings.cell_settings)
        gates = [module for module in self.cell.modules() if isinstance(module, Gates)]
        self._heads = len(gates[0].names) if gates else 0
        for layer in self._kernels():
            torch.nn.init.zeros_(layer.bias)
        if settings.cell == 'cfc_pure':  # |w_τ| has no gradient at 0, so w_τ stays there
            torch.nn.init.ones_(gates[0].amplitude)
            torch.nn.init.zeros_(gates[0].rate)
        if settings.cell == 'ltc':  # polarities −1 and +1 equally likely
            for channels in (one for one in self.cell.modules() if isinstance(one, Channels)):
                reversal = channels.reversal
                with torch.no_grad():
                    reversal.copy_(torch.randint(2, reversal.shape) * 2.0 - 1.0)

    def penalised(self) -> list[torch.Tensor]:
        """The weights of backbone and heads, to which the penalty applies."""
        return [layer.weight for layer in self._kernels()]

    def variables(self, name: str, value: torch.Tensor) -> Sequence[torch.Tensor]:
        """The Keras variables in a parameter, or in its gradient, as views.

        The heads of a CfC are one parameter here and a layer each there; an LSTM has one kernel
        for its input and one for its state there.
        """
        if '.heads.' in name:
            return value.chunk(self._heads)
        if name.endswith('lstm.gates.weight'):
            return value[:, :CHANNELS], value[:, CHANNELS:]
        return (value,)

    def _kernels(self) -> list[torch.nn.Linear]:
        return [
            module
            for name, module in self.cell.named_modules()
            if isinstance(module, torch.nn.Linear) and ('backbone' in name or 'heads' in name)
        ]


class MixedMemory(Cell):
    """CfC with mixed memory as behind the published error: the CfC sees the LSTM, not the frame.

    o, c = LSTM(x, (h, c)); h' = CfC(o, h, Δt). In :class:`liquid_control.cells.CfCMixed`, as in
    the authors' later code, h' = CfC(x, o, Δt).

    Args:
        units: H; the state is [h', c], 2H wide.
        settings: settings of the CfC.
    """

    def __init__(self, units: int, **settings):
        super().__init__()
        self.input_size, self.output_size, self.state_size = CHANNELS, units, 2 * units
        self.lstm = LSTM(CHANNELS, units)
        self.cfc = make('cfc', units, units, **settings)
        weight, bias = self.lstm.gates.weight, self.lstm.gates.bias
        torch.nn.init.xavier_uniform_(weight[:, :CHANNELS])
        torch.nn.init.orthogonal_(weight[:, CHANNELS:])
        with torch.no_grad():
            bias.zero_()
            bias[units : 2 * units] = FORGET_BIAS

    def advance(self, sensed, state, elapsed):
        h, _ = state.chunk(2, dim=1)
        seen, memory = self.lstm.step(sensed, state, elapsed)
        after, _ = self.cfc.step(seen, h, elapsed)
        return after, torch.cat([after, memory[:, self.output_size :]], dim=1)

    def synapses(self):
        return self.lstm.synapses() + self.cfc.synapses()

    def operations(self):
        return self.lstm.operations() + self.cfc.operations()


def build(run: Run) -> PublishedModel:
    """The run's model with initial weights."""
    torch.manual_seed(run.seed)
    return PublishedModel(ModelSettings(**run.model))
