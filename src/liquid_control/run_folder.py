"""Folders that runs are recorded in."""

import datetime
from pathlib import Path


def run_folder(given: str | Path | None, label: str, parent: Path = Path('runs')) -> Path:
    """The folder given, or a new one, ``runs/TIME-LABEL``; not made yet.

    Raises:
        FileExistsError: it holds a recording.
    """
    if given:
        return unrecorded(Path(given))
    name = f'{datetime.datetime.now():%Y%m%d-%H%M%S}-{label}'
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f'{name}-{number}'
    return folder


def unrecorded(folder: Path) -> Path:
    """The folder itself.

    Raises:
        FileExistsError: it holds a recording.
    """
    if (folder / 'bag').exists():
        raise FileExistsError(f'{folder}: holds a recording already')
    return folder
