"""The folder of a training's checkpoints: one process at a time, and cleared when all is done."""

import contextlib
from collections.abc import Generator
from pathlib import Path

from liquid_control.run_folder import alone_in

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
        ValueError: another process works in it.
    """
    folder = _folder(given, bundle)
    with alone_in(folder):
        yield folder
        if given is None:
            clear(folder)


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
