"""Print texts on a terminal so that no line breaks inside a word."""

import re
from typing import Any

from rich.text import Text


def say(console: Any, part: Any) -> None:
    """Print a table, or a text with markup; in a file, a text stays on one line."""
    if not isinstance(part, str):
        console.print(part)
        return
    text = Text.from_markup(part)
    breaks, start = [], 0
    if console.is_terminal:
        for word in re.finditer(r'\S+', text.plain):
            if word.start() > start and word.end() - start > console.width:
                start = word.start()
                breaks.append(start)
    for line in text.divide(breaks):
        line.rstrip()
        console.print(line, no_wrap=True, overflow='ignore', crop=False, highlight=False)
