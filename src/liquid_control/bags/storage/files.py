"""Which files a bag consists of, and what its metadata promises."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from liquid_control.bags.storage import BagError, first_line

METADATA = 'metadata.yaml'
_ENDINGS = ('.mcap', '.db3', '.mcap.zstd', '.db3.zstd', '.mcap.zst', '.db3.zst')
_COMPRESSED = ('.zstd', '.zst')
_NAMED = 8
"""Most recordings that a message names."""
_POINTER = b'version https://git-lfs'
_Loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


@dataclass
class Files:
    """The storage files of a bag, in order.

    Attributes:
        path: the bag's folder, or its single file.
        storage: the files with messages.
        promised: topic → number of messages according to ``metadata.yaml``; empty without one.
        distro: the ROS 2 distribution that ``metadata.yaml`` names, if any.
        unlisted: whether ``metadata.yaml`` is missing from a folder.
        faults: what is wrong with the folder.
        notes: what is good to know about it.
    """

    path: Path
    storage: list[Path]
    promised: dict[str, int] = field(default_factory=dict)
    distro: str | None = None
    unlisted: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find(path: Path) -> Files:
    """Find the files of a bag: a run folder, a rosbag2 folder or one storage file.

    Raises:
        BagError: there is no such folder or file, it has no bag, none of its files can be read, or
            its metadata names a file outside the folder.
    """
    if not path.exists():
        raise BagError(f'{path}: no such folder or file')
    if path.is_file():
        if path.suffix == '.bag':
            raise BagError(f'{path}: a ROS 1 bag; convert it first: rosbags-convert --src {path}')
        if not path.name.endswith(_ENDINGS):
            raise BagError(
                f'{path}: expected a folder with a bag, or an .mcap or .db3 file '
                f'(compressed or not)'
            )
        return _whole(Files(path, [path]))
    for folder in (path, path / 'bag'):
        if folder.is_dir() and (found := _stored(folder)):
            return _whole(_folder(folder, found))
    if (path / METADATA).exists():
        raise BagError(f'{path}: {METADATA} is there, but no storage file beside it')
    inside = sorted(p.name for p in path.iterdir() if _holds_bag(p))
    if inside:
        more = f' and {len(inside) - _NAMED} more' if len(inside) > _NAMED else ''
        raise BagError(
            f'{path}: a folder of recordings, {", ".join(inside[:_NAMED])}{more}: expected one of '
            f'them, such as {path / inside[0]}'
        )
    found = ', '.join(sorted(p.name for p in path.iterdir())[:8]) or 'nothing'
    raise BagError(
        f'{path}: no bag here: expected .mcap or .db3 files, or a folder bag/ with them '
        f'(found: {found})'
    )


def _holds_bag(path: Path) -> bool:
    return any(folder.is_dir() and _stored(folder) for folder in (path, path / 'bag'))


def _stored(folder: Path) -> list[Path]:
    found = [p for p in folder.iterdir() if p.name.endswith(_ENDINGS) and p.is_file()]
    return sorted(found, key=lambda p: (len(p.name), p.name))


def _folder(folder: Path, there: list[Path]) -> Files:
    files = Files(folder, there)
    data: dict[str, Any] = {}
    if (folder / METADATA).exists():
        data = _metadata(folder, files)
    else:
        files.unlisted = True
    named = data.get('relative_file_paths')
    named = [str(name) for name in named] if isinstance(named, list) else []
    there = _once(files, there, {PurePosixPath(name.replace('\\', '/')).name for name in named})
    files.storage = there
    if named:
        _name(files, there, named)
    distro = data.get('ros_distro')
    files.distro = distro if isinstance(distro, str) else None
    try:
        for row in data.get('topics_with_message_count') or []:
            topic = str(row['topic_metadata']['name']).strip('/')
            files.promised[topic] = files.promised.get(topic, 0) + int(row['message_count'])
    except (TypeError, KeyError, ValueError):
        files.promised.clear()
        files.faults.append(f'{METADATA}: its topics cannot be read')
    return files


def _once(files: Files, there: list[Path], named: set[str]) -> list[Path]:
    """Keep one of a file and its compressed copy: the one that is named, or the uncompressed."""
    kept = []
    for path in there:
        other = path.with_suffix('') if path.suffix in _COMPRESSED else None
        if other not in there:
            kept.append(path)
        elif path.name in named:
            kept.remove(other)
            kept.append(path)
            files.notes.append(f'{other.name}: the same recording as {path.name}; read once')
        else:
            files.notes.append(f'{path.name}: the same recording as {other.name}; read once')
    return kept


def _metadata(folder: Path, files: Files) -> dict[str, Any]:
    try:
        data = yaml.load(_text(folder / METADATA), _Loader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        files.faults.append(f'{METADATA} cannot be read: {first_line(error)}')
        return {}
    found = data.get('rosbag2_bagfile_information') if isinstance(data, dict) else None
    if isinstance(found, dict):
        return found
    files.faults.append(f'{METADATA} cannot be read: it has no rosbag2_bagfile_information')
    return {}


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors='replace')


def _name(files: Files, there: list[Path], named: list[str]) -> None:
    """Take the files that the metadata names, in its order; if one is missing, all that exist."""
    for name in named:
        parts = PurePosixPath(name.replace('\\', '/')).parts
        if '..' in parts or name.startswith(('/', '\\')) or ':' in name:
            raise BagError(
                f"{files.path}: {METADATA}: relative_file_paths: {name!r} leads out of the bag's "
                'folder: refused'
            )
    wanted = [files.path / PurePosixPath(name).name for name in named]
    missing = [path.name for path in wanted if path not in there]
    unnamed = [path for path in there if path not in wanted]
    if missing:
        problem = f'{METADATA} names {", ".join(missing)}, which is not there'
        if len(unnamed) == len(missing):  # the counts in the metadata say whether they are the same
            files.notes.append(
                f'{problem}: read {", ".join(path.name for path in unnamed)} instead'
            )
        else:
            files.faults.append(problem)
        files.storage = [path for path in wanted if path in there] + unnamed
    else:
        files.storage = wanted
        if unnamed:
            text = ', '.join(path.name for path in unnamed)
            files.faults.append(f'{text}: not named in {METADATA}, so not read')


def _whole(files: Files) -> Files:
    kept = []
    for path in files.storage:
        try:
            with path.open('rb') as stream:
                head = stream.read(len(_POINTER))
        except OSError as error:
            files.faults.append(f'{path.name} cannot be read: {error.strerror}')
            continue
        if head == _POINTER:
            files.faults.append(
                f'{path.name} is a Git LFS pointer, not the recording: get it with git lfs pull'
            )
        else:
            kept.append(path)
    if len(kept) < len(files.storage) and not kept:
        raise BagError(f'{files.path}: ' + '; '.join(files.faults))
    files.storage = kept
    return files
