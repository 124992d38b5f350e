"""Cells of other libraries with the interface of ours, to be measured in the same run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ncps.torch
import torch
from ncps.wirings import AutoNCP

from liquid_control import cells

INPUTS, OUTPUTS, UNITS = 17, 6, 64
"""Sizes at which cells are compared: Walker2d's observation and action, and hidden units."""


@dataclass(frozen=True)
class Pair:
    """One of our cells and the reference it is compared with.

    Attributes:
        cell: name of our cell.
        settings: settings of our cell.
        reference: name of the reference.
        sequence: makes the reference as a module called with (B, T, I).
        single: makes the reference as a module called with (B, I), a state and the elapsed time.
        state: makes the initial state of ``single``.
    """

    cell: str
    reference: str
    sequence: Callable[[], torch.nn.Module]
    single: Callable[[], torch.nn.Module]
    settings: dict[str, Any] = field(default_factory=dict)
    state: Callable[[], Any] = lambda: torch.zeros(1, UNITS)

    def ours(self) -> cells.Cell:
        return cells.make(self.cell, INPUTS, UNITS, **self.settings)


def _ltc(wired: bool) -> Any:
    return AutoNCP(UNITS, OUTPUTS) if wired else ncps.wirings.FullyConnected(UNITS)


def _backbone() -> dict[str, Any]:
    return {'backbone_units': UNITS, 'backbone_layers': 1}


PAIRS = (
    Pair(
        'ltc_ncp', 'ncps LTC, AutoNCP(64, 6)',
        lambda: ncps.torch.LTC(INPUTS, _ltc(True)),
        lambda: ncps.torch.LTCCell(_ltc(True), INPUTS),
        {'motors': OUTPUTS},
    ),
    Pair(
        'ltc', 'ncps LTC, 64',
        lambda: ncps.torch.LTC(INPUTS, _ltc(False)),
        lambda: ncps.torch.LTCCell(_ltc(False), INPUTS),
    ),
    Pair(
        'cfc', 'ncps CfC, 64',
        lambda: ncps.torch.CfC(INPUTS, UNITS, **_backbone()),
        lambda: ncps.torch.CfCCell(INPUTS, UNITS, **_backbone()),
    ),
    Pair(
        'cfc_ncp', 'ncps CfC, AutoNCP(64, 6)',
        lambda: ncps.torch.CfC(INPUTS, AutoNCP(UNITS, OUTPUTS)),
        lambda: ncps.torch.WiredCfCCell(INPUTS, AutoNCP(UNITS, OUTPUTS)),
        {'motors': OUTPUTS},
    ),
    Pair(
        'lstm', 'torch LSTM, 64',
        lambda: torch.nn.LSTM(INPUTS, UNITS, batch_first=True),
        lambda: _LSTMStep(),
        state=lambda: (torch.zeros(1, UNITS), torch.zeros(1, UNITS)),
    ),
)  # fmt: skip


class _LSTMStep(torch.nn.Module):
    """torch's LSTMCell with the call signature of the others."""

    def __init__(self):
        super().__init__()
        self.cell = torch.nn.LSTMCell(INPUTS, UNITS)

    def forward(self, x, state, elapsed):
        h, c = self.cell(x, state)
        return h, (h, c)
