"""Training logs as lines of JSON and, if it is installed, for TensorBoard."""

import contextlib
import json
from pathlib import Path
from typing import Any

from liquid_control.files import write_whole
from liquid_control.provenance import difference


class Journal:
    """Writes scalars by step into a folder; without a folder it writes nothing.

    ``scalars.jsonl`` has one line per :meth:`add`. If the tensorboard package is installed, its
    event files are written to the same folder. A resumed training removes entries after its
    checkpoint.

    Args:
        folder: created if it does not exist.
        done: the step from which the training resumes.
        origin: what identifies the training, kept in ``training.json``.

    Raises:
        ValueError: the folder has the log of another training.
    """

    def __init__(self, folder: Path | None, done: int = 0, origin: dict[str, Any] | None = None):
        self._file: Any = None
        self._writer: Any = None
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder / 'training.json', json.loads(json.dumps(origin)))
        path = folder / 'scalars.jsonl'
        lines = path.read_text().splitlines() if path.is_file() else []
        kept = [line for line in lines if _step(line) <= done]
        write_whole(path, ''.join(f'{line}\n' for line in kept))
        self._file = path.open('a')
        with contextlib.suppress(ImportError):
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder), purge_step=done + 1)

    def add(self, step: int, scalars: dict[str, float]) -> None:
        if self._file is None:
            return
        values = {name: float(value) for name, value in scalars.items()}
        self._file.write(json.dumps({'step': step, **values}) + '\n')
        self._file.flush()
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def __enter__(self) -> 'Journal':
        return self

    def __exit__(self, *exception) -> None:
        for opened in (self._file, self._writer):
            if opened is not None:
                opened.close()


def _claim(path: Path, origin: dict[str, Any] | None) -> None:
    """Note whose log a folder holds; refuse another's."""
    try:
        own = json.loads(path.read_text()) if path.is_file() else origin
    except ValueError as error:
        raise ValueError(f'{path}: not JSON: {error}: give another --log') from None
    if own != origin:
        raise ValueError(
            f'{path.parent} has the log of another training ({difference(own, origin)}): '
            'give another --log'
        )
    write_whole(path, json.dumps(origin))


def _step(line: str) -> float:
    """The step of a line; infinity if the line is truncated."""
    try:
        return float(json.loads(line)['step'])
    except (ValueError, KeyError, TypeError):
        return float('inf')
