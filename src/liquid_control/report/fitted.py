"""Tables that fit a terminal: no text is cut, and none wraps inside a word."""

import contextlib
import contextvars
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

NOTHING = '–'
_WIDE, _NARROW = 3, 1
"""Spaces between two columns."""
_PIECE = re.compile(r' *\S+?(?:(?<=[^+/ ])[+/](?=[^+/ ])| +|$)')
"""What stays whole: up to a space, or up to a plus or slash between two other characters."""

_kept: contextvars.ContextVar['list[FittedTable] | None'] = contextvars.ContextVar(
    'kept', default=None
)


@contextlib.contextmanager
def keeping() -> Generator['list[FittedTable]']:
    """Yield a list; every table that is printed meanwhile is added to it."""
    tables: list[FittedTable] = []
    before = _kept.set(tables)
    try:
        yield tables
    finally:
        _kept.reset(before)


@dataclass(frozen=True)
class Figure:
    """A column of numbers: its heading, their format, and names if several share a cell."""

    heading: str
    form: str = ''
    parts: tuple[str, ...] = ()
    shape: str = '{}/{}'
    """How the parts are set."""
    alone: bool = False
    """Whether the first part stands alone where it is the only one that is known."""

    def text(self, value: Any) -> str:
        """Return a cell's text; what is None or NaN is a dash."""
        if isinstance(value, tuple):
            texts = [self.text(part) for part in value]
            only = self.alone and all(text == NOTHING for text in texts[1:])
            return texts[0] if only else self.shape.format(*texts)
        if isinstance(value, str):
            return value
        return NOTHING if value is None or value != value else format(value, self.form)


class _Layout(NamedTuple):
    """Which columns stand side by side, how wide each is, and the spaces between them."""

    columns: list[int]
    widths: list[int]
    space: int


class FittedTable(Table):
    """A table that is laid out when it is printed, for the width of the terminal.

    Headings break at spaces; cells of left-aligned columns at spaces and after ``+`` and
    ``/``; other cells never. Where that is too wide, the columns are set in several blocks below
    each other, and each repeats the first ``keys`` columns. No text is read as markup; one with
    styles is a :class:`rich.text.Text`.
    """

    def __init__(self, *columns: 'str | Figure', left: Sequence[str] = ('',), keys: int = 1,
                 title: str | None = None):  # fmt: skip
        above = title and Text(title, 'table.title')
        super().__init__(box=box.SIMPLE_HEAD, title=above, title_justify='left', pad_edge=False)
        self.kinds = [c if isinstance(c, Figure) else None for c in columns]
        self.records: list[tuple[Any, ...]] = []
        """The rows as they were given: texts, numbers and tuples of numbers."""
        self._keys = keys
        for number, column in enumerate(columns):
            heading = column if isinstance(column, str) else column.heading
            is_left = isinstance(column, str) and (number == 0 or heading in left)
            self.add_column(Text(heading), justify='left' if is_left else 'right', overflow='fold')

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row: a text for a column that is named, a number or a tuple for a figure."""
        self.records.append(cells)
        shown = [
            _text(cell if kind is None else kind.text(cell))
            for kind, cell in zip(self.kinds, cells, strict=False)
        ]
        super().add_row(*shown, **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept = _kept.get()
        if kept is not None and self not in kept:
            kept.append(self)
        title: Any = self.title
        for columns in self._blocks(options.max_width):
            yield self._set(self._fit(columns, options.max_width), title)
            title = None

    def _blocks(self, width: int) -> Iterator[list[int]]:
        """Yield the columns of each block."""
        everything = list(range(len(self.columns)))
        keys, rest = everything[: self._keys], everything[self._keys :]
        least = [self._least(number) for number in everything]
        block = list(keys)
        for number in rest:
            if len(block) > len(keys) and _total([least[n] for n in [*block, number]], 1) > width:
                yield block
                block = list(keys)
            block.append(number)
        yield block

    def _fit(self, columns: list[int], width: int) -> _Layout:
        """The most generous layout of some columns that fits, or else the narrowest."""
        natural = [self._natural(n) for n in columns]
        broken = [self._natural(n, heading=False) for n in columns]
        for widths, space in ((natural, _WIDE), (broken, _WIDE), (broken, _NARROW)):
            if _total(widths, space) <= width:
                return _Layout(columns, widths, space)
        widths, least = list(broken), [self._least(n) for n in columns]
        while _total(widths, _NARROW) > width:
            spare = [found - low for found, low in zip(widths, least, strict=True)]
            if not any(spare):
                break
            widths[max(range(len(widths)), key=lambda n: (spare[n] > 0, widths[n]))] -= 1
        return _Layout(columns, widths, _NARROW)

    def _set(self, layout: _Layout, title: Any) -> Table:
        padding = (0, (layout.space - 1) // 2)
        table = Table(box=self.box, title=title, title_justify='left', pad_edge=False,
                      padding=padding)  # fmt: skip
        texts = []
        for number, width in zip(layout.columns, layout.widths, strict=True):
            column = self.columns[number]
            heading, *cells = self._texts(number)
            is_left = column.justify == 'left'
            table.add_column(
                _wrapped(heading, width), justify=column.justify, overflow='fold', width=width
            )
            texts.append([_wrapped(cell, width) if is_left else cell for cell in cells])
        for number, row in enumerate(self.rows):
            cells = (column[number] for column in texts)
            table.add_row(*cells, style=row.style, end_section=row.end_section)
        return table

    def _texts(self, number: int) -> list[Text]:
        """The heading and the cells of a column."""
        column = self.columns[number]
        found = [column.header, *column.cells]
        return [_text(one) for one in found]

    def _natural(self, number: int, heading: bool = True) -> int:
        """Width of a column whose cells are not broken, and whose heading is or is not."""
        head, *cells = self._texts(number)
        whole = [line for text in ([head] if heading else []) + cells for line in _lines(text)]
        return max(map(cell_len, whole + _pieces(head)), default=1)

    def _least(self, number: int) -> int:
        """Width of a column that is broken wherever it may be."""
        if self.columns[number].justify != 'left':
            return self._natural(number, heading=False)
        return max(cell_len(p) for text in self._texts(number) for p in _pieces(text))


def _text(cell: Any) -> Text:
    return cell if isinstance(cell, Text) else Text('' if cell is None else str(cell))


def _total(widths: Sequence[int], space: int) -> int:
    return sum(widths) + space * (len(widths) - 1) + 2


def _lines(text: Text) -> list[str]:
    return text.plain.split('\n')


def _pieces(text: Text) -> list[str]:
    """The parts of a text that stay whole."""
    found = [p.rstrip() for line in _lines(text) for p in _PIECE.findall(line)]
    return found or ['']


def _wrapped(text: Text, width: int) -> Text:
    """Break a text into lines of at most ``width`` cells, if its pieces allow it."""
    lines = []
    for line in text.split('\n', allow_blank=True):
        breaks, start = [], 0
        for piece in _PIECE.finditer(line.plain):
            if piece.start() > start and cell_len(line.plain[start : piece.end()].rstrip()) > width:
                start = piece.start()
                breaks.append(start)
        for part in line.divide(breaks):
            part.rstrip()
            lines.append(part)
    return Text('\n').join(lines)
