"""Folders for results: each belongs to one verb, and to one process at a time."""

import contextlib
import datetime
import fcntl
import os
from collections.abc import Generator
from pathlib import Path


def run_folder(given: str | Path | None, label: str, parent: Path = Path('runs')) -> Path:
    """The folder given, or a new one, ``runs/TIME-LABEL``; not made yet.

    Raises:
        FileExistsError: the folder given holds a recording or something else.
        NotADirectoryError: it is a file.
    """
    if given:
        return own_folder(unrecorded(Path(given)))
    name = f'{datetime.datetime.now():%Y%m%d-%H%M%S}-{label}'
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f'{name}-{number}'
    return folder


def own_folder(path: str | Path, mark: str | None = None) -> Path:
    """The folder itself, if it is empty, not there yet, or has an entry ``mark``.

    What a start that failed leaves counts as empty for a verb that always starts anew.

    Args:
        path: the folder.
        mark: what a verb that can resume writes first; None for one that always starts anew.

    Raises:
        FileExistsError: it holds something else.
        NotADirectoryError: it is a file.
    """
    folder = Path(path)
    if not folder.exists():
        return folder
    if not folder.is_dir():
        raise NotADirectoryError(f'{folder}: expected a folder, found a file')
    found = sorted(entry.name for entry in folder.iterdir())
    if not found or mark in found or (mark is None and not_started(folder)):
        return folder
    more = f' and {len(found) - 3} more' if len(found) > 3 else ''
    what = 'an empty or new folder' if mark is None else f'a new folder, or one that holds {mark}'
    raise FileExistsError(
        f'{folder}: holds {", ".join(found[:3])}{more}, which would be overwritten or mixed up: '
        f'expected {what}'
    )


def not_started(folder: Path) -> bool:
    """Whether a folder holds nothing but the parameters and logs of runs that did not start."""
    files = [path for path in folder.rglob('*') if not path.is_dir()]
    return all(
        path.parent.name == 'log' or (path.name == 'params.yaml' and (path.parent / 'log').is_dir())
        for path in files
    )


def unrecorded(folder: Path) -> Path:
    """The folder itself.

    Raises:
        FileExistsError: it holds a recording.
    """
    if (folder / 'bag').exists():
        raise FileExistsError(f'{folder}: holds a recording already')
    return folder


@contextlib.contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Keep other processes from working in a folder, where the file system can.

    It is created if it does not exist, and removed again if nothing was written.

    Raises:
        ValueError: another process works in it.
    """
    created = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot lock a folder
            if _taken(handle):
                raise ValueError(f'{folder}: another process is working there')
        yield
    finally:
        os.close(handle)
        if created:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
