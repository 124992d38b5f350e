"""A data set of your own, on which all cells are compared: readings of pumps, some of which fail.

python my_data.py pumps           # writes pumps/pumps.csv, and compares two cells
liquid-control study own my_data.py:MyData --data pumps --quick
"""

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np

from liquid_control.study.sequences import DataError, Sequences, Split, StudyData

HEADER = ['pump', 'time', 'pressure', 'vibration', 'failed']


class MyData(StudyData):
    """Reads ``pumps.csv``: a row a reading, sorted by pump and time; an empty cell is missing.

    Args:
        folder: where the file is.
    """

    name, title = 'pumps', 'pumps that fail'
    criterion, greater, binary = 'accuracy', True, True

    def __init__(self, folder: Path):
        self.path = Path(folder) / 'pumps.csv'

    def load(self) -> Split:
        if not self.path.is_file():
            raise DataError(f'{self.path}: no such file')
        text = self.path.read_text(encoding='utf-8', errors='replace')
        pumps: dict[str, list[list[float]]] = {}
        rows = csv.reader(text.splitlines())
        if next(rows, None) != HEADER:
            raise DataError(f'{self.path}, line 1: expected {",".join(HEADER)}')
        for row in rows:
            try:
                pump, *values = row
                time, pressure, vibration, failed = (
                    float(one) if one else np.nan for one in values
                )
                before = pumps.setdefault(pump, [])
                later = not before or time > before[-1][0]
                if not np.isfinite(time) or not later or failed not in (0, 1):
                    raise ValueError
                if np.isinf([pressure, vibration]).any() or (before and failed != before[0][3]):
                    raise ValueError
            except ValueError:
                raise DataError(
                    f'{self.path}, line {rows.line_num}: expected a later time and the same '
                    f'failed, 0 or 1, of a pump, found {row}'
                ) from None
            before.append([time, pressure, vibration, failed])
        if not pumps:
            raise DataError(f'{self.path}: expected readings, found none')
        whole = self._sequences(pumps)
        ends = len(whole) * 6 // 10, len(whole) * 8 // 10
        parts = (slice(ends[0]), slice(*ends), slice(ends[1], None))
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Split(*(whole.take(part) for part in parts), digest)

    def scores(self, output: np.ndarray, sequences: Sequences) -> dict[str, float]:
        """Share of pumps of which it says rightly whether they fail."""
        return {'accuracy': float(((output > 0) == (sequences.target > 0)).mean())}

    def _sequences(self, pumps: dict[str, list[list[float]]]) -> Sequences:
        count, steps = len(pumps), max(map(len, pumps.values()), default=0)
        values = np.full((count, steps, 4), np.nan)
        for row, readings in enumerate(pumps.values()):
            values[row, : len(readings)] = readings
        present = np.isfinite(values[..., 0])
        x, observed = np.nan_to_num(values[..., 1:3]), np.isfinite(values[..., 1:3])
        gaps = np.diff(values[..., :1], axis=1, prepend=values[:, :1, :1] - 1)
        return Sequences(
            x=x.astype(np.float32),
            elapsed=np.nan_to_num(gaps).astype(np.float32),
            target=values[:, 0, 3:].astype(np.float32),
            present=present,
            observed=observed,
            names=tuple(f'{self.path}: pump {pump}' for pump in pumps),
        )


def write(folder: Path, count: int = 200) -> None:
    """Make the data: pumps that fail vibrate ever more; a tenth of the values is missing."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'pumps.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for pump in range(count):
            times = np.cumsum(random.uniform(0.5, 1.5, random.integers(12, 24)))
            for time in times:
                vibration = 1 + 0.1 * (pump % 2) * time + 0.2 * random.standard_normal()
                values = [f'{random.normal(5):.3f}', f'{vibration:.3f}']
                seen = [v if random.random() > 0.1 else '' for v in values]
                writer.writerow([pump, f'{time:.3f}', *seen, pump % 2])


def main(folder: Path) -> dict[str, float]:
    """Write the data and compare two cells; returns cell → accuracy on the test pumps."""
    from liquid_control.study.carry_out import carry_out, results
    from liquid_control.study.footing import Footing
    from liquid_control.study.run import ResultStore

    write(folder)
    data = MyData(folder)
    footing = Footing(
        cells=('cfc', 'gru'), sizes=(3_000,), updates=60, rounds=3, seeds=1, learning_rates=(0.01,)
    )
    store = ResultStore(folder / 'study', data.load().sha256)
    for _ in carry_out(footing, store, data):
        pass
    found = results(footing, store, data).values()
    return {result['run']['cell']: result['test_accuracy'] for result in found}


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python my_data.py FOLDER')
    for cell, accuracy in main(Path(sys.argv[1])).items():
        print(f'{cell}: {accuracy:.2f}')
