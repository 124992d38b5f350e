"""Resumable lists of independent pieces of work, run by local processes or on a Ray cluster.

Each finished piece is saved at once as one JSON file, whole or not at all. A piece that fails is
also a result, with its error; it does not stop the others, and the next run tries it again. A run
killed at any moment resumes from what was saved.
"""

import hashlib
import json
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquid_control.control.schema import unknown
from liquid_control.files import from_json
from liquid_control.jobs.pool import Job, work
from liquid_control.provenance import write_json

FORMAT = 1
ENGINES = ('local', 'ray')
_RETRIES = 5
"""How often Ray does a piece again whose worker or node died."""


@dataclass(frozen=True)
class Piece:
    """``function(**arguments)`` → a dict of plain JSON; the function must be importable by name.

    Attributes:
        name: name of its file; unique in a sweep.
        arguments: keyword arguments, plain JSON.
        inputs: fingerprint of the files that it reads; if that changes, the piece is done again.
    """

    name: str
    function: Callable[..., dict[str, Any]]
    arguments: dict[str, Any]
    inputs: str = ''

    @property
    def key(self) -> str:
        """SHA-256 of everything that determines its result."""
        what = [self.function.__module__, self.function.__qualname__, self.arguments, self.inputs]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def sweep(
    pieces: Sequence[Piece],
    folder: str | Path,
    *,
    workers: int = 1,
    engine: str = 'local',
    address: str | None = None,
    report: Callable[..., None] = lambda share, text, left: None,
) -> dict[str, dict[str, Any]]:
    """Do all pieces; return name → ``{name, key, ok, seconds, result or error}``, in order.

    Args:
        pieces: pieces with distinct names.
        folder: where the files are; results of the same pieces that it already has are reused.
        workers: number of local processes; a single piece is done in this one.
        engine: ``local`` or ``ray``.
        address: address of a Ray cluster; by default one is started on this machine.
        report: called with the share done, a text and the estimated seconds left.

    Raises:
        ValueError: two pieces have the same name, or there is no such engine.
        RuntimeError: Ray is asked for but not installed.
    """
    names = [piece.name for piece in pieces]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'sweep: {", ".join(twice)} is there more than once')
    if engine not in ENGINES:
        raise ValueError(unknown('engine', engine, ENGINES))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {piece.name: kept(folder, piece) for piece in pieces}
    waiting = [piece for piece in pieces if not (found[piece.name] or {}).get('ok')]
    started, total = time.monotonic(), len(pieces)
    done = total - len(waiting)
    if waiting:
        if engine == 'ray':
            run = _ray(waiting, address)
        elif total == 1:
            run = ((piece, do(piece)) for piece in waiting)
        else:
            run = _local(waiting, folder, workers)
        for count, (piece, outcome) in enumerate(run, 1):
            keep(folder, outcome)
            found[piece.name] = outcome
            passed = time.monotonic() - started
            left = passed / count * (len(waiting) - count)
            text = f'{piece.name} {"done" if outcome["ok"] else "failed"}'
            report((done + count) / total, text, left)
    return {name: found[name] for name in names}


def kept(folder: Path, piece: Piece) -> dict[str, Any] | None:
    """Return a piece's saved outcome; None if there is none, or it is broken or another's."""
    try:
        found = from_json(_path(folder, piece.name).read_text())
        whole = found['format'] == FORMAT and found['key'] == piece.key and 'ok' in found
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if whole else None


def keep(folder: Path, outcome: dict[str, Any]) -> None:
    """Save an outcome, whole or not at all."""
    write_json(_path(folder, outcome['name']), outcome)


def do(piece: Piece) -> dict[str, Any]:
    """Do a piece; an exception becomes part of its outcome."""
    started = time.monotonic()
    outcome: dict[str, Any] = {'format': FORMAT, 'name': piece.name, 'key': piece.key, 'ok': False}
    try:
        outcome['result'] = piece.function(**piece.arguments)
        outcome['ok'] = True
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        outcome['error'] = str(error) or type(error).__name__
    except Exception:  # a bug: show where it is
        outcome['error'] = traceback.format_exc()
    outcome['seconds'] = round(time.monotonic() - started, 3)
    return outcome


def _path(folder: Path, name: str) -> Path:
    return folder / f'{name}.json'


def _local(pieces: Sequence[Piece], folder: Path, workers: int) -> Iterator[tuple]:
    """Run each piece in its own process, which writes the file itself."""
    by_name = {piece.name: piece for piece in pieces}
    for piece in pieces:  # old failures and other pieces' results must not pass for new
        _path(folder, piece.name).unlink(missing_ok=True)
    jobs = [Job(piece.name, _job, (piece, str(folder))) for piece in pieces]
    told: set[str] = set()
    modules = sorted({piece.function.__module__ for piece in pieces} - {'__main__'})
    for state in work(jobs, workers, preload=modules):
        for name in [*state.finished, *state.failed]:
            if name in told:
                continue
            told.add(name)
            piece = by_name[name]
            outcome = kept(folder, piece)
            if outcome is None:  # the process died
                error = state.failed.get(name, 'its process left no result')
                outcome = {
                    'format': FORMAT, 'name': name, 'key': piece.key, 'ok': False,
                    'seconds': 0.0, 'error': error,
                }  # fmt: skip
            yield piece, outcome


def _job(piece: Piece, folder: str, report: Callable[[float, str], None]) -> None:
    keep(Path(folder), do(piece))


def _ray(pieces: Sequence[Piece], address: str | None) -> Iterator[tuple]:
    """Run each piece as a task; one whose node dies is done again on another."""
    import ray

    ours = not ray.is_initialized()
    if ours:
        ray.init(address=address, log_to_driver=False)
    try:
        task = ray.remote(do).options(max_retries=_RETRIES, num_cpus=1)
        live = {task.remote(piece): piece for piece in pieces}
        while live:
            ready, _ = ray.wait(list(live), num_returns=1, timeout=None)
            for reference in ready:
                piece = live.pop(reference)
                try:
                    outcome = ray.get(reference)
                except ray.exceptions.RayError as error:
                    outcome = {
                        'format': FORMAT, 'name': piece.name, 'key': piece.key, 'ok': False,
                        'seconds': 0.0, 'error': str(error).splitlines()[0],
                    }  # fmt: skip
                yield piece, outcome
    finally:
        if ours:
            ray.shutdown()
