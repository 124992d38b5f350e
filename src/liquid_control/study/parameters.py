"""Parameters of every cell in closed form, against its units and the order of the dynamics.

The review (arXiv 2510.07578) plots them for LSTM and GRU in its figures 3 and 4. The order n of
the dynamics is taken as the number of inputs: a system of order n is observed by its n states.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from liquid_control import cells
from liquid_control.cells import wirings

UNITS = (8, 16, 32, 64, 128, 256)
ORDERS = (1, 2, 4, 8, 16, 32)
UNIT, ORDER = 64, 16
"""What is held while the other changes."""
SYMBOLS = 's: synapses of the wiring; m: its motor units'
"""Letters in the formulas beside n, the inputs, and h, the units."""


class Formula(NamedTuple):
    """Parameters of a cell with n inputs and h units.

    Attributes:
        text: the formula; s is the number of synapses of the wiring, m of its motors.
        count: (n, h) → parameters.
    """

    text: str
    count: Callable[[int, int], int]


class Count(NamedTuple):
    """Parameters of one cell at one size, and numbers in its state."""

    cell: str
    order: int
    units: int
    parameters: int
    state_size: int


def _lstm(n: int, h: int) -> int:
    return 4 * h * (n + h + 1)


def _cfc(n: int, h: int) -> int:
    return 64 * (n + h + 1) + 260 * h


def _cfc_ncp(n: int, h: int) -> int:
    return 4 * wirings.build('auto', n, h).synapses + 4 * h


def _ltc_ncp(n: int, h: int) -> int:
    wiring = wirings.build('auto', n, h)
    return 4 * wiring.synapses + 3 * h + 2 * n + 2 * wiring.motors


_CFC = '64·(n + h + 1) + 4·65·h'
FORMULAS = {
    'cfc': Formula(_CFC, _cfc),
    'cfc_mixed': Formula(f'4·h·(n + h + 1) + {_CFC}', lambda n, h: _lstm(n, h) + _cfc(n, h)),
    'cfc_ncp': Formula('4·s + 4·h', _cfc_ncp),
    'cfc_no_gate': Formula(_CFC, _cfc),
    'cfc_pure': Formula('64·(n + h + 1) + 67·h', lambda n, h: 64 * (n + h + 1) + 67 * h),
    'ctrnn': Formula('h·(n + h + 2)', lambda n, h: h * (n + h + 2)),
    'gru': Formula('3·h·(n + h) + 4·h', lambda n, h: 3 * h * (n + h) + 4 * h),
    'liquid_s4': Formula('4·h² + h·(n + 57)', lambda n, h: 4 * h * h + h * (n + 57)),
    'lrc': Formula('5·h·(n + h) + 3·h', lambda n, h: 5 * h * (n + h) + 3 * h),
    'lstm': Formula('4·h·(n + h + 1)', _lstm),
    'ltc': Formula('4·h·(n + h) + 5·h + 2·n', lambda n, h: 4 * h * (n + h) + 5 * h + 2 * n),
    'ltc_ncp': Formula('4·s + 3·h + 2·n + 2·m', _ltc_ncp),
    'mlp': Formula('h·(n + h + 2)', lambda n, h: h * (n + h + 2)),
    'rnn': Formula('h·(n + h + 1)', lambda n, h: h * (n + h + 1)),
    'stc': Formula('4·h·(n + h) + 2·h', lambda n, h: 4 * h * (n + h) + 2 * h),
}
"""Cell with its default settings → formula: a CfC has a backbone of 64, a Liquid-S4 two layers of
four modes, an MLP two layers."""


def count(cell: str, order: int, units: int) -> Count:
    """Count by the formula, and check it against the module itself.

    Raises:
        RuntimeError: they differ, or the cell has no formula.
    """
    found = cells.make(cell, order, units).counts()
    if cell not in FORMULAS:
        raise RuntimeError(f'{cell}: there is no formula of its parameters')
    by_formula = FORMULAS[cell].count(order, units)
    if by_formula != found.parameters:
        raise RuntimeError(
            f'{cell}, {order} inputs, {units} units: the formula {FORMULAS[cell].text} gives '
            f'{by_formula}, the module has {found.parameters} parameters'
        )
    return Count(cell, order, units, by_formula, found.state_size)


def counts(chosen: Sequence[str] = ()) -> list[Count]:
    """All cells against units at :data:`ORDER`, then against orders at :data:`UNIT`."""
    names = chosen or cells.names()
    sizes = [(ORDER, units) for units in UNITS]
    sizes += [(order, UNIT) for order in ORDERS if order != ORDER]
    return [count(cell, order, units) for cell in names for order, units in sizes]
