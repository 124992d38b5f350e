"""Write files whole or not at all."""

import contextlib
import os
from pathlib import Path


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a temporary file beside the target, then rename it; text is written as UTF-8.

    Raises:
        OSError: the file cannot be written, for example because the disk is full; an existing
            file is left unchanged.
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
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a rename durable: what is done next must not outlive it."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
