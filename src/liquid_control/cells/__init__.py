"""Recurrent cells: one file each, one registry line each.

Every cell takes the elapsed time; see :class:`Cell` for the interface.
"""

import inspect

from liquid_control.cells.base import Cell, Counts
from liquid_control.cells.cfc import CfC
from liquid_control.cells.lrc import LRC, STC
from liquid_control.cells.lstm import LSTM
from liquid_control.cells.ltc import LTC, WiredLTC
from liquid_control.control.schema import unknown

_CELLS = {'cfc': CfC, 'lrc': LRC, 'lstm': LSTM, 'ltc': LTC, 'ltc_ncp': WiredLTC, 'stc': STC}

__all__ = ['LRC', 'LSTM', 'LTC', 'STC', 'Cell', 'CfC', 'Counts', 'WiredLTC', 'make', 'names']


def names() -> list[str]:
    """Names of all cells."""
    return sorted(_CELLS)


def make(name: str, input_size: int, hidden_size: int, **settings) -> Cell:
    """A fresh cell by name.

    Raises:
        ValueError: no cell of that name, a setting that it does not have (the text names the
            nearest), or a value without sense.
    """
    if name not in _CELLS:
        raise ValueError(unknown('cell', name, _CELLS))
    known = [key for key in inspect.signature(_CELLS[name]).parameters if not key.endswith('_size')]
    for setting in settings:
        if setting not in known:
            raise ValueError(f'{name}: {unknown("setting", setting, known)}')
    return _CELLS[name](input_size, hidden_size, **settings)
