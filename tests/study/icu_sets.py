"""Small made sets of the challenge's format, and where the published one is."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

NAME = 'physionet2012'
HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death'


def published() -> Path:
    """The published set A, in $LIQUID_CONTROL_DATA or ``../shared/data``; skips if missing."""
    beside = Path(__file__).resolve().parents[3] / 'shared' / 'data'
    folder = Path(os.environ.get('LIQUID_CONTROL_DATA') or beside) / NAME
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there: LIQUID_CONTROL_DATA names the folder that has {NAME}')
    return folder


def record(number: int, *rows: str) -> str:
    """The text of a patient's file."""
    first = f'00:00,RecordID,{number}', '00:00,Age,60', '00:00,ICUType,2'
    return '\n'.join(('Time,Parameter,Value', *first, *rows)) + '\n'


def made(count: int, seed: int = 0) -> tuple[dict[int, str], str]:
    """Records and outcomes of patients whose heart beats faster where they die."""
    rng, records, lines = np.random.default_rng(seed), {}, [HEADER]
    for index in range(count):
        number, died = 100_000 + index, index % 3 == 0
        minutes = np.sort(rng.choice(np.arange(1, 2881), 6, replace=False))
        rows = []
        for minute in minutes:
            clock = f'{minute // 60:02d}:{minute % 60:02d}'
            rows.append(f'{clock},HR,{(120 if died else 80) + rng.normal(0, 10):.1f}')
            if rng.random() < 0.5:
                rows.append(f'{clock},Temp,{37 + rng.normal(0, 0.5):.1f}')
        records[number] = record(number, *rows)
        lines.append(f'{number},{10 + 5 * died},4,9,{5 if died else -1},{int(died)}')
    return records, '\n'.join(lines) + '\n'


def write_folder(place: Path, records: dict[int, str], outcomes: str, kind: str = 'txt') -> Path:
    """A set as a folder of files, with its outcomes beside it."""
    (place / 'set-a').mkdir(parents=True)
    for number, text in records.items():
        (place / 'set-a' / f'{number}.txt').write_text(text)
    (place / f'Outcomes-a.{kind}').write_text(outcomes)
    return place


def write_archive(place: Path, records: dict[int, str], outcomes: str) -> Path:
    """A set as the published archive, with its outcomes beside it."""
    place.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place / 'set-a.tar.gz', 'w:gz') as archive:
        for number, text in records.items():
            content = text.encode()
            member = tarfile.TarInfo(f'set-a/{number}.txt')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (place / 'Outcomes-a.txt').write_text(outcomes)
    return place
