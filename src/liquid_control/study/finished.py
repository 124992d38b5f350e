"""Runs of a results.json from another folder, which count as finished."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liquid_control.files import from_json
from liquid_control.study.run import FORMAT, ResultStore, Run


class Finished:
    """The runs in results.json of a study, read once.

    Args:
        path: the file.
        study: name of the study.

    Attributes:
        taken: how many of the runs asked for it has so far.

    Raises:
        ValueError: it is no file of that study, or of another format.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, study: str):
        self._path, self._expected = path, f'{path}: expected results.json of study {study}'
        try:
            self._whole: Any = from_json(path.read_text())
        except ValueError as error:
            raise ValueError(f'{self._expected}, found no JSON: {error}') from None
        found = self._whole.get('study') if isinstance(self._whole, dict) else None
        if found != study:
            other = 'none' if found is None else f'that of {found}'
            raise ValueError(f'{self._expected}, found {other}')
        if self._whole.get('format') != FORMAT:
            found = self._whole.get('format')
            raise ValueError(f'{path}: format: expected {FORMAT}, found {found!r}')
        self.taken = 0

    def give(
        self,
        runs: Sequence[Run],
        compared: Sequence[Run],
        store: ResultStore,
        tuned: bool,
        data_set: str | None = None,
    ) -> None:
        """Keep the results of runs that have none in a store.

        Args:
            runs: whose settings are known.
            compared: whose settings are known but for the step size, if it is tuned.
            store: the folder.
            tuned: whether it is.
            data_set: name of the data set, if the results are by data set.

        Raises:
            ValueError: the file is broken, or has runs with other settings or data.
        """
        found = self._runs(data_set)
        self.taken += store.adopt(found, runs, False, self._path)
        self.taken += store.adopt(found, compared, tuned, self._path)

    def require_some(self) -> None:
        """Check that it has some of the runs asked for.

        Raises:
            ValueError: it has none.
        """
        if not self.taken:
            names = ', '.join(self._whole.get('data', ())) or 'one data set'
            raise ValueError(f'{self._path}: has none of the runs asked for, but runs of {names}')

    def _runs(self, data_set: str | None) -> Mapping[str, Any]:
        try:
            whole = self._whole
            place = whole if data_set is None else whole['data'].get(data_set, {'runs': ()})
            runs = {run['run']['name']: run for run in place['runs']}
            if len(runs) < len(place['runs']):
                raise KeyError('a run is there twice')
            return runs
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f'{self._expected}; it is broken: {error!r}') from None
