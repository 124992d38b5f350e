"""Recurrent cells: one file each, one registry line each.

Every cell takes the elapsed time; see :class:`Cell` for the interface.
"""

from liquid_control.cells.base import Cell
from liquid_control.cells.cfc import CfC
from liquid_control.cells.lstm import LSTM
from liquid_control.control.schema import unknown

_CELLS: dict[str, type[Cell]] = {'cfc': CfC, 'lstm': LSTM}

__all__ = ['LSTM', 'Cell', 'CfC', 'make', 'names']


def names() -> list[str]:
    """Names of all cells."""
    return sorted(_CELLS)


def make(name: str, input_size: int, hidden_size: int, **settings) -> Cell:
    """A fresh cell by name.

    Raises:
        ValueError: no cell of that name; the text names the nearest.
        TypeError: a setting that the cell does not have.
    """
    if name not in _CELLS:
        raise ValueError(unknown('cell', name, _CELLS))
    return _CELLS[name](input_size, hidden_size, **settings)
