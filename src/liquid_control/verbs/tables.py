"""Tables of figures on a terminal."""

from rich import box
from rich.table import Table


def new_table(*columns: str, left: tuple[str, ...] = ('',), title: str | None = None) -> Table:
    """Make a table with a rule under its heads, right-aligned except for the columns ``left``."""
    table = Table(box=box.SIMPLE_HEAD, title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify='left' if number == 0 or column in left else 'right')
    return table
