"""Files that are written whole or not at all."""

import contextlib
import os
from pathlib import Path


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file aside, then rename it; text is written as UTF-8.

    Raises:
        OSError: the disk is full, or the like; what stood there before stands there still.
    """
    path = Path(path)
    partial = path.with_name(path.name + '.partial')
    try:
        with partial.open('wb') as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
