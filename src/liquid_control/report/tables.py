"""Tables of figures on a terminal, and as CSV."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from rich.text import Text

from liquid_control.report.fitted import NOTHING, Figure, FittedTable


def new_table(
    *columns: str | Figure, left: tuple[str, ...] = ('',), keys: int = 1, title: str | None = None
) -> FittedTable:
    """Make a table with a rule under its heads that fits any terminal.

    Args:
        columns: headings of texts, or :class:`Figure`.
        left: headings of columns of text, beside the first; other cells are never broken.
        keys: number of leading columns that say what a row is.
        title: printed above it.
    """
    return FittedTable(*columns, left=left, keys=keys, title=title)


def csv_text(tables: Iterable[FittedTable]) -> str:
    """Tables as CSV, with an empty line between two of them.

    Numbers have all their digits, a column of several figures becomes several columns, and what is
    not known is empty.
    """
    return '\n'.join(map(_csv, tables))


def _csv(table: FittedTable) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    headings = [_plain(column.header) or 'name' for column in table.columns]
    kinds = table.kinds
    names: list[str] = []
    for heading, kind in zip(headings, kinds, strict=True):
        names += [f'{heading} {part}' for part in kind.parts] if kind and kind.parts else [heading]
    writer.writerow(names)
    for record in table.records:
        row: list[Any] = []
        padded = [*record, *[None] * (len(kinds) - len(record))]
        for value, kind in zip(padded, kinds, strict=True):
            count = len(kind.parts) if kind and kind.parts else 1
            values = value if isinstance(value, tuple) else (value,)
            row += [*map(_plain, values), *[''] * (count - len(values))]
        writer.writerow(row)
    return text.getvalue()


def _plain(value: Any) -> str:
    """A value without styles and line breaks; empty if there is none."""
    if value is None or value != value or value == NOTHING:
        return ''
    if isinstance(value, Text):
        value = value.plain
    return ' '.join(str(value).split())
