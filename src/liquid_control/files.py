"""Write files whole or not at all: every writer of a file that can replace another uses this.

And read JSON of unknown origin.
"""

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file's content; text is written as UTF-8.

    Raises:
        OSError: the file cannot be written, for example because the disk is full; an existing
            file is left unchanged.
    """
    with replacing(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """Yield a temporary file to write; if nothing fails, it takes the place of ``path``.

    The temporary file is beside the target, is synced and is renamed last. A link stays a link: the
    file that it names is replaced. What is no file (``/dev/stdout``, a pipe) is written to.

    Raises:
        OSError: the file cannot be written; an existing file is left unchanged. The error names a
            file, also where the disk is full.
    """
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    special = path.exists() and not path.is_file()
    try:
        with _written_to(path) if special else _renamed(path) as partial:
            yield partial
    except OSError as error:
        if error.filename is None or str(error.filename) == str(_partial(path)):
            error.filename = str(path)
        raise


@contextlib.contextmanager
def _written_to(path: Path) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / path.name
        with path.open('wb') as out:
            out.write((Path(folder) / path.name).read_bytes())


@contextlib.contextmanager
def _renamed(path: Path) -> Generator[Path]:
    partial = _partial(path)
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
    except BaseException:  # also when interrupted
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder
        _sync(path.parent)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + '.partial')


def _sync(path: Path) -> None:
    """Make a file's content, or a rename in a folder, durable."""
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def from_json(text: str) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError('nested too deeply') from None
