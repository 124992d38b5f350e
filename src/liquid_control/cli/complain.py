"""Print errors on a terminal so that no line breaks inside a word; imports nothing slow."""

import shutil
import sys
import textwrap


def complain(text: str) -> None:
    """Print an error; in a file, each of its lines stays whole."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = '\n'.join(
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.split('\n')
        )
    print(text, file=sys.stderr)
