"""Resumable lists of independent pieces of work, run by local processes or on a Ray cluster.

Each finished piece is saved at once as one JSON file, whole or not at all. A piece that fails is
also a result, with its error; it does not stop the others, and the next run tries it again. A run
killed at any moment resumes from what was saved.
"""

import hashlib
import json
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from liquid_control import __version__
from liquid_control.control.schema import unknown
from liquid_control.files import from_json
from liquid_control.jobs.pool import Job, work
from liquid_control.jobs.progress import ALIKE, Progress, Report, Size
from liquid_control.jobs.shipping import with_files
from liquid_control.provenance import write_json

FORMAT = 1
ENGINES = ('local', 'ray')
_RETRIES = 5
"""How often Ray does a piece again whose worker or node died."""
_AHEAD = 4
"""Pieces that are submitted to Ray for each of its processors, so that none waits for work."""

Outcome = dict[str, Any]
"""``format, name, key, ok, seconds`` of a piece, and its ``result`` or ``error``; plain JSON."""
Show = Callable[[Progress], None]
"""Called with the progress of a sweep whenever it changes, or about three times a second."""


@dataclass(frozen=True)
class Piece:
    """``function(**arguments)`` → a dict of plain JSON; the function must be importable by name.

    Attributes:
        name: name of its file; unique in a sweep.
        arguments: keyword arguments, plain JSON.
        inputs: fingerprint of the files that it reads; if that changes, the piece is done again.
        files: those of its arguments that are paths of small files that it reads. Other machines
            get a copy of these; what else it reads must be there under the same path.
        reports: whether the function has an argument ``report``, see :data:`Report`.
        size: how long it is expected to take, for the estimate of the time left.
    """

    name: str
    function: Callable[..., dict[str, Any]]
    arguments: dict[str, Any]
    inputs: str = ''
    size: Size = ALIKE
    reports: bool = False
    files: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """SHA-256 of everything that determines its result."""
        name = getattr(self.function, '__qualname__')  # noqa: B009 (a plain function has one)
        what = [self.function.__module__, name, self.arguments, self.inputs]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def sweep(
    pieces: Sequence[Piece],
    folder: str | Path,
    *,
    workers: int = 1,
    engine: str = 'local',
    address: str | None = None,
    show: Show = lambda progress: None,
) -> dict[str, Outcome]:
    """Do all pieces; return name → outcome, in order.

    Args:
        pieces: pieces with distinct names.
        folder: where the files are; results of the same pieces that it already has are reused.
        workers: number of local processes; a single piece is done in this one.
        engine: ``local`` or ``ray``.
        address: address of a Ray cluster; by default one is started on this machine.
        show: called with the progress.

    Raises:
        ValueError: two pieces have the same name, a name cannot be that of a file, or there is no
            such engine.
        RuntimeError: Ray is asked for but not installed.
    """
    check_names([piece.name for piece in pieces])
    if engine not in ENGINES:
        raise ValueError(unknown('engine', engine, ENGINES))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, dict[str, Any]] = {}
    waiting, progress = [], Progress(workers)
    for piece in pieces:
        progress.add(piece.name, piece.size)
        outcome = kept(folder, piece)
        if outcome is not None and outcome['ok']:
            outcomes[piece.name] = outcome
            progress.keep(piece.name, outcome['seconds'])
        else:
            waiting.append(piece)
    if waiting:
        show(progress)
        if engine == 'ray':
            finished = _ray(waiting, folder, address, progress, show)
        elif len(pieces) == 1:
            finished = _here(waiting, folder, progress, show)
        else:
            finished = _local(waiting, folder, progress, show)
        outcomes.update((outcome['name'], outcome) for outcome in finished)
    return {piece.name: outcomes[piece.name] for piece in pieces}


def check_names(names: Sequence[str]) -> None:
    """Refuse names of pieces that cannot be names of files, or are there more than once.

    Raises:
        ValueError: the message has all wrong names.
    """
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(f'sweep: {", ".join(repeated)} is there more than once')
    wrong = [repr(name) for name in names if not name or name.startswith('.') or '/' in name]
    if wrong:
        raise ValueError(
            'sweep: expected names without / that do not start with a dot, found '
            + ', '.join(wrong)
        )


def kept(folder: Path, piece: Piece) -> Outcome | None:
    """Return a piece's saved outcome; None if there is none, or it is broken or another's."""
    try:
        outcome = from_json(_path(folder, piece.name).read_text())
        same = outcome['format'] == FORMAT and outcome['key'] == piece.key
        whole = {'ok', 'seconds'} <= set(outcome)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outcome if same and whole else None


def keep(folder: Path, outcome: Outcome) -> None:
    """Save an outcome, whole or not at all."""
    write_json(_path(folder, outcome['name']), outcome)


def do(piece: Piece, report: Report = lambda share, text: None) -> Outcome:
    """Do a piece; an exception becomes part of its outcome."""
    started = time.monotonic()
    arguments = {**piece.arguments, 'report': report} if piece.reports else piece.arguments
    try:
        what = {'ok': True, 'result': piece.function(**arguments)}
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        what = {'ok': False, 'error': str(error) or type(error).__name__}
    except Exception:  # a bug: show where it is
        what = {'ok': False, 'error': traceback.format_exc()}
    return _outcome(piece, time.monotonic() - started, what)


def _outcome(piece: Piece, seconds: float, what: dict[str, Any]) -> Outcome:
    about = {'format': FORMAT, 'name': piece.name, 'key': piece.key, 'seconds': round(seconds, 3)}
    return {**about, **what}


def _lost(piece: Piece, error: str) -> Outcome:
    """The outcome of a piece whose process or node died."""
    return _outcome(piece, 0.0, {'ok': False, 'error': error})


def _path(folder: Path, name: str) -> Path:
    return folder / f'{name}.json'


def _end(progress: Progress, outcome: Outcome) -> None:
    """Note the end of a running piece."""
    if outcome['ok']:
        progress.finish(outcome['name'], outcome['seconds'])
    else:
        progress.fail(outcome['name'], outcome['error'])


def _here(
    pieces: Sequence[Piece], folder: Path, progress: Progress, show: Show
) -> Iterator[Outcome]:
    """Do each piece in this process."""
    for piece in pieces:
        progress.start(piece.name)

        def report(share: float, text: str, name: str = piece.name) -> None:
            progress.update(name, share, text)
            show(progress)

        outcome = do(piece, report)
        keep(folder, outcome)
        _end(progress, outcome)
        show(progress)
        yield outcome


def _local(
    pieces: Sequence[Piece], folder: Path, progress: Progress, show: Show
) -> Iterator[Outcome]:
    """Do each piece in its own process, which writes the file itself."""
    for piece in pieces:  # old failures and other pieces' results must not pass for new
        _path(folder, piece.name).unlink(missing_ok=True)
    jobs = [Job(piece.name, _job, (piece, str(folder)), piece.size) for piece in pieces]
    modules = sorted({piece.function.__module__ for piece in pieces} - {'__main__'})
    for _ in work(jobs, progress.workers, [__name__, *modules], progress):
        show(progress)
    for piece in pieces:
        outcome = kept(folder, piece)
        if outcome is None:  # the process died
            error = progress.failed.get(piece.name, 'its process left no result')
            outcome = _lost(piece, error)
            keep(folder, outcome)
        yield outcome


def _job(piece: Piece, folder: str, report: Report) -> None:
    """Do a piece and keep its outcome.

    Raises:
        RuntimeError: the piece failed.
    """
    outcome = do(piece, report)
    keep(Path(folder), outcome)
    if not outcome['ok']:
        raise RuntimeError(outcome['error'])


def _ray(
    pieces: Sequence[Piece],
    folder: Path,
    address: str | None,
    progress: Progress,
    show: Show,
) -> Iterator[Outcome]:
    """Do each piece as a task; one whose node dies is done again on another."""
    import ray
    import ray.exceptions

    ours = not ray.is_initialized()
    if ours:
        ray.init(address=address, log_to_driver=False)
    try:
        task = ray.remote(_there).options(max_retries=_RETRIES, num_cpus=1)
        waiting, live, stored = deque(pieces), {}, {}
        while waiting or live:
            progress.workers = max(1, int(ray.cluster_resources().get('CPU', 1)))
            while waiting and len(live) < _AHEAD * progress.workers:
                piece = waiting.popleft()
                for name in {*piece.files} - stored.keys():
                    stored[name] = ray.put(_content(name))
                files = [stored[name] for name in piece.files]
                live[task.remote(piece, __version__, *files)] = piece
            ray.wait(list(live), num_returns=1, timeout=None)
            ready, _ = ray.wait(list(live), num_returns=len(live), timeout=0)  # all at once
            for reference in ready:
                piece = live.pop(reference)
                try:
                    outcome = ray.get(reference)
                except ray.exceptions.RayError as error:
                    outcome = _lost(piece, str(error).splitlines()[0])
                keep(folder, outcome)
                progress.start(piece.name)
                _end(progress, outcome)
                show(progress)
                yield outcome
    finally:
        if ours:
            ray.shutdown()


def _content(name: str) -> bytes | str:
    """The content of a file, or why it cannot be read."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        return f'{name}: {error.strerror}'


def _there(piece: Piece, version: str, *contents: bytes | str) -> Outcome:
    """Do a piece on a node of a cluster.

    Args:
        piece: the piece.
        version: version of this package where the sweep was started.
        contents: content of each of its files, or why there is none.
    """
    wrong = [each for each in contents if isinstance(each, str)]
    if version != __version__:
        wrong = [
            f'a node of the cluster has liquid_control {__version__}, this machine {version}: '
            'install the same on all'
        ]
    if wrong:
        return _lost(piece, '; '.join(wrong))
    pairs = zip(piece.files, contents, strict=True)
    files = {name: content for name, content in pairs if isinstance(content, bytes)}
    try:
        arguments = with_files(piece.arguments, files)
    except OSError as error:
        return _lost(piece, f'its files cannot be written on a node of the cluster: {error}')
    return {**do(replace(piece, arguments=arguments)), 'key': piece.key}
