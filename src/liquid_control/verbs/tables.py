"""Tables of figures on a terminal."""

from rich import box
from rich.table import Table


def new_table(*titles: str, left: tuple[str, ...] = ('',)) -> Table:
    """Make a table with a rule under its titles, right-aligned except for the columns ``left``."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, title in enumerate(titles):
        table.add_column(title, justify='left' if number == 0 or title in left else 'right')
    return table
