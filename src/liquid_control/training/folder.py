"""The folder of a training's checkpoints: one process at a time, and cleared when all is done."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

CHUNKS = 'chunks'
"""Folder of a student's training data, within that of its checkpoints."""
CHUNK = '[0-9]' * 6
"""Pattern of the names of files in it, without their suffix."""
_WRITTEN = [
    f'{name}.safetensors{end}'
    for name in ('checkpoint', 'fine_tuning', 'all', 'without-[0-9]*', f'{CHUNKS}/{CHUNK}')
    for end in ('', '.partial')
]


@contextlib.contextmanager
def checkpoint_folder(given: Path | None, bundle: Path) -> Generator[Path]:
    """Yield the folder of a training's checkpoints, held by this process alone.

    If none is given, it is beside the bundle and is cleared once everything is done; a training
    that is stopped or fails leaves its checkpoints there to resume from.

    Raises:
        ValueError: another process trains in it.
    """
    folder = _folder(given, bundle)
    with alone_in(folder):
        yield folder
        if given is None:
            clear(folder)


@contextlib.contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Keep other processes from training in a folder, where the file system can.

    It is created if it does not exist, and removed again if nothing was written.

    Raises:
        ValueError: another process trains in it.
    """
    created = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot lock a folder
            if _taken(handle):
                raise ValueError(f'{folder}: another process is training there')
        yield
    finally:
        os.close(handle)
        if created:
            with contextlib.suppress(OSError):
                folder.rmdir()


def clear(folder: Path) -> None:
    """Remove the checkpoints in a folder, and the folder too if it holds nothing else."""
    for name in _WRITTEN:
        for path in folder.glob(name):
            path.unlink(missing_ok=True)
    for own in (folder / CHUNKS, folder):
        with contextlib.suppress(OSError):
            own.rmdir()


def how_to_resume(given: Path | None, bundle: Path) -> str:
    """What to say when a training was stopped, with the arguments of :func:`checkpoint_folder`."""
    folder = _folder(given, bundle)
    if any(path.suffix == '.safetensors' for name in _WRITTEN for path in folder.glob(name)):
        return 'stopped; the same command resumes from the last checkpoint'
    return 'stopped before the first checkpoint; the same command starts anew'


def _folder(given: Path | None, bundle: Path) -> Path:
    return given or bundle.with_suffix('.training')


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
