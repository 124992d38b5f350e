"""Recurrent cells: one file each, one registry line each.

Every cell takes the elapsed time; see :class:`Cell` for the interface.
"""

import inspect
import numbers
from functools import partial

from liquid_control.cells.base import Cell, Counts
from liquid_control.cells.cfc import CfC
from liquid_control.cells.cfc_mixed import CfCMixed
from liquid_control.cells.cfc_ncp import CfCNCP
from liquid_control.cells.ctrnn import CTRNN
from liquid_control.cells.gru import GRU
from liquid_control.cells.liquid_s4 import LiquidS4
from liquid_control.cells.lrc import LRC, STC
from liquid_control.cells.lstm import LSTM
from liquid_control.cells.ltc import LTC
from liquid_control.cells.mlp import MLP
from liquid_control.cells.rnn import RNN
from liquid_control.control.schema import unknown

_CELLS = {
    'cfc': CfC,
    'cfc_mixed': CfCMixed,
    'cfc_ncp': CfCNCP,
    'cfc_no_gate': partial(CfC, mode='no_gate'),
    'cfc_pure': partial(CfC, mode='pure'),
    'ctrnn': CTRNN,
    'gru': GRU,
    'liquid_s4': LiquidS4,
    'lrc': LRC,
    'lstm': LSTM,
    'ltc': LTC,
    'ltc_ncp': partial(LTC, wiring='auto'),
    'mlp': MLP,
    'rnn': RNN,
    'stc': STC,
}

__all__ = [
    'CTRNN',
    'GRU',
    'LRC',
    'LSTM',
    'LTC',
    'MLP',
    'RNN',
    'STC',
    'Cell',
    'CfC',
    'CfCMixed',
    'CfCNCP',
    'Counts',
    'LiquidS4',
    'chosen',
    'make',
    'names',
]


def names() -> list[str]:
    """Names of all cells."""
    return sorted(_CELLS)


def chosen(wanted: list[str]) -> list[str]:
    """The cells selected by a list of names, in which ``all`` stands for every cell.

    Raises:
        ValueError: unknown cell name; the message suggests the nearest.
    """
    for name in wanted:
        if name != 'all' and name not in _CELLS:
            raise ValueError(unknown('cell', name, [*_CELLS, 'all']))
    return names() if 'all' in wanted else list(dict.fromkeys(wanted))


def make(name: str, input_size: int, hidden_size: int, **settings) -> Cell:
    """A fresh cell by name.

    Raises:
        ValueError: unknown cell name or setting (the message suggests the nearest), or an
            invalid value.
    """
    if name not in _CELLS:
        raise ValueError(unknown('cell', name, _CELLS))
    for what, size in (('input_size', input_size), ('hidden_size', hidden_size)):
        if isinstance(size, bool) or not isinstance(size, numbers.Integral) or size < 1:
            raise ValueError(f'{name}: {what}: expected a positive integer, found {size!r}')
    cell = _CELLS[name]
    named = {'mode'} & getattr(cell, 'keywords', {}).keys()
    known = [
        key for key in inspect.signature(cell).parameters
        if not key.endswith('_size') and key not in named
    ]  # fmt: skip
    for setting in settings:
        if setting not in known:
            raise ValueError(f'{name}: {unknown("setting", setting, known)}')
    try:
        return cell(input_size, hidden_size, **settings)
    except (TypeError, RuntimeError, ArithmeticError) as error:
        given = ', '.join(f'{key}={value!r}' for key, value in settings.items())
        raise ValueError(f'{name}: {given}: {error}') from error
