"""Tables of figures on a terminal."""

from rich import box
from rich.table import Table


def new_table(*titles: str, left: tuple[str, ...] = ('',)) -> Table:
    """A table with a line under its titles, numbers to the right but for the columns ``left``."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, title in enumerate(titles):
        table.add_column(title, justify='left' if number == 0 or title in left else 'right')
    return table
