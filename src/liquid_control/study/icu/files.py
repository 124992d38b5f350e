"""The files of one set of patients: the published archive or a folder, and the outcomes beside it.

A set is ``set-a.tar.gz``, or a folder ``set-a`` with one ``NUMBER.txt`` a patient, and
``Outcomes-a.txt`` or ``Outcomes-a.csv`` beside or in it. Nothing is extracted to disk.
"""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from liquid_control.study.sequences import DataError

_ARCHIVE = '.tar.gz'
_SET = re.compile(r'set-([a-z])(\.tar\.gz)?')
_RECORD = re.compile(r'[0-9]+\.txt')
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class Files:
    """Where a set's records and outcomes are."""

    records: Path
    """Archive or folder."""
    outcomes: Path

    def read(self) -> Iterator[tuple[str, str]]:
        """(name for messages, text) of each record, by name.

        Raises:
            DataError: the archive is broken, a file is not text, or there are no records.
        """
        texts = _from_folder(self.records)
        if self.records.is_file():
            texts = _from_archive(self.records)
        if not texts:
            raise DataError(f'{self.records}: expected records like 132539.txt, found none')
        for stem in sorted(texts):
            name, content = texts[stem]
            yield name, decoded(name, content)


def find(given: str | Path) -> Files:
    """The set in a folder, or the archive itself.

    Raises:
        DataError: there is no set or no outcomes, or there are several sets.
    """
    path = Path(given)
    if not path.exists():
        raise DataError(f'{path}: no such file or folder')
    found = _sets(path)
    letters = sorted({_letter(one) for one in found})
    if not found:
        raise DataError(
            f'{path}: expected set-a{_ARCHIVE}, or a folder set-a with records like 132539.txt'
        )
    if len(letters) > 1:
        raise DataError(
            f'{path}: found {", ".join(sorted(one.name for one in found))}; name one of them, '
            f'as in {found[0]}'
        )
    return Files(found[0], _outcomes(found[0], letters[0]))


def decoded(name: str, content: bytes) -> str:
    """The text of a file.

    Raises:
        DataError: it is not UTF-8; the message names the line.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b'\n', 0, error.start) + 1
        raise DataError(f'{name}, line {line}: expected text, found other bytes') from None


def _sets(path: Path) -> list[Path]:
    """The archives and folders of sets at a path, archives first."""
    if path.is_file() or _has_records(path):
        return [path]
    inside = [one for one in sorted(path.iterdir()) if _SET.fullmatch(one.name)]
    return [one for one in inside if one.is_file()] + [one for one in inside if _has_records(one)]


def _has_records(path: Path) -> bool:
    return path.is_dir() and any(_RECORD.fullmatch(one.name) for one in path.iterdir())


def _letter(path: Path) -> str:
    """The set's letter; '?' where the name does not say, for any outcomes."""
    match = _SET.fullmatch(path.resolve().name)
    return match.group(1) if match else '?'


def _outcomes(records: Path, letter: str) -> Path:
    folders = [records.resolve().parent]
    if records.is_dir():
        folders.insert(0, records)
    for folder in folders:
        for kind in ('txt', 'csv'):
            found = sorted(folder.glob(f'Outcomes-{letter}.{kind}'))
            if len(found) == 1:
                return found[0]
    raise DataError(
        f'{folders[-1]}: expected Outcomes-{letter}.txt or Outcomes-{letter}.csv for {records.name}'
    )


def _from_folder(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Number → (name, content)."""
    if not folder.is_dir():
        return {}
    return {
        path.stem: (str(path), path.read_bytes())
        for path in folder.iterdir()
        if _RECORD.fullmatch(path.name)
    }


def _from_archive(path: Path) -> dict[str, tuple[str, bytes]]:
    texts: dict[str, tuple[str, bytes]] = {}
    member = None
    try:
        # Unpacked as a whole, so that its checksum is checked.
        content = io.BytesIO(gzip.decompress(path.read_bytes()))
        with tarfile.open(fileobj=content, mode='r:') as archive:
            for member in archive:
                inside = PurePosixPath(member.name)
                if not (member.isfile() and _RECORD.fullmatch(inside.name)):
                    continue
                name = f'{path}: {member.name}'
                if inside.stem in texts:
                    raise DataError(f'{name}: the archive has this record twice')
                file = archive.extractfile(member)
                if file is not None:
                    texts[inside.stem] = name, file.read()
    except _BROKEN as error:
        after = f' after {member.name}' if member else ''
        raise DataError(f'{path}: not a whole {_ARCHIVE} archive{after}: {error}') from None
    return texts
