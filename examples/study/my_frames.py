"""A data set of your own with frames to come: readings of greenhouses, irregular and with gaps.

python my_frames.py greenhouses    # writes greenhouses/readings.csv
liquid-control study own my_frames.py:MyFrames --data greenhouses --quick
"""

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np

from liquid_control.study.sequences import DataError, Sequences, Split, StudyData

HEADER = ['house', 'minute', 'temperature', 'humidity']
PERIOD = 10.0
"""Typical minutes between two readings."""


class MyFrames(StudyData):
    """Reads ``readings.csv``: sorted by house and minute; an empty cell is missing.

    Each step predicts the next reading of its house.

    Args:
        folder: where the file is.
    """

    name, title, criterion = 'greenhouses', 'readings of greenhouses', 'nmse'

    def __init__(self, folder: Path):
        self.path = Path(folder) / 'readings.csv'

    def load(self) -> Split:
        if not self.path.is_file():
            raise DataError(f'{self.path}: no such file')
        text = self.path.read_text(encoding='utf-8', errors='replace')
        houses: dict[str, list[list[float]]] = {}
        rows = csv.reader(text.splitlines())
        if next(rows, None) != HEADER:
            raise DataError(f'{self.path}, line 1: expected {",".join(HEADER)}')
        for row in rows:
            try:
                house, *values = row
                minute, temperature, humidity = (float(one) if one else np.nan for one in values)
                before = houses.setdefault(house, [])
                later = not before or minute > before[-1][0]
                if not np.isfinite(minute) or not later or np.isinf([temperature, humidity]).any():
                    raise ValueError
            except ValueError:
                raise DataError(
                    f'{self.path}, line {rows.line_num}: expected a later minute of a house, '
                    f'found {row}'
                ) from None
            before.append([minute, temperature, humidity])
        if not houses:
            raise DataError(f'{self.path}: expected readings, found none')
        whole = self._sequences(houses)
        ends = len(whole) * 6 // 10, len(whole) * 8 // 10
        parts = (slice(ends[0]), slice(*ends), slice(ends[1], None))
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Split(*(whole.take(part) for part in parts), digest)

    def scores(self, output: np.ndarray, sequences: Sequences) -> dict[str, float]:
        """Squared error over the variance of each channel, where the next value is known."""
        known = sequences.scored
        target = np.where(known, sequences.target, np.nan)
        error = np.nanmean((output - target) ** 2, axis=(0, 1))
        return {'nmse': float((error / np.nanvar(target, axis=(0, 1))).mean())}

    def baselines(self) -> dict[str, dict[str, float]]:
        """Persistence: the next value is the last one that was measured, or else the mean."""
        split = self.load()
        train, test = split.train, split.test
        last = np.broadcast_to(train.x.mean((0, 1), where=train.measured), test.x.shape).copy()
        for step in range(test.x.shape[1]):
            before = last[:, max(step - 1, 0)]
            last[:, step] = np.where(test.measured[:, step], test.x[:, step], before)
        return {'persistence': {'test_nmse': self.scores(last, test)['nmse']}}

    def _sequences(self, houses: dict[str, list[list[float]]]) -> Sequences:
        count, longest = len(houses), max(map(len, houses.values()), default=0)
        values = np.full((count, longest, 3), np.nan)
        for row, readings in enumerate(houses.values()):
            values[row, : len(readings)] = readings
        now, later = values[:, :-1], values[:, 1:]
        gaps = np.nan_to_num((later - now)[..., :1] / PERIOD)
        return Sequences(
            x=np.nan_to_num(now[..., 1:]).astype(np.float32),
            elapsed=gaps.astype(np.float32),
            target=np.nan_to_num(later[..., 1:]).astype(np.float32),
            present=np.isfinite(later[..., 0]),
            observed=np.isfinite(now[..., 1:]),
            known=np.isfinite(later[..., 1:]),
            names=tuple(f'{self.path}: house {house}' for house in houses),
        )


def write(folder: Path, count: int = 100) -> None:
    """Make the data: a day's waves read at irregular times; a tenth of the values is missing."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'readings.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for house in range(count):
            minutes = np.cumsum(random.uniform(0.2, 1.8, random.integers(40, 60)) * PERIOD)
            wave = np.sin(2 * np.pi * minutes / random.uniform(100, 200))
            for minute, phase in zip(minutes, wave, strict=True):
                noise = random.normal(size=2)
                values = [f'{20 + 5 * phase + 0.2 * noise[0]:.2f}']
                values += [f'{60 - 15 * phase + noise[1]:.2f}']
                seen = [v if random.random() > 0.1 else '' for v in values]
                writer.writerow([house, f'{minute:.2f}', *seen])


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python my_frames.py FOLDER')
    write(Path(sys.argv[1]))
