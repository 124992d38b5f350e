"""The data of a study: sequences with times, masks and targets, and the class that supplies them.

A data set joins by one class: derive it from :class:`StudyData`.
"""

import abc
import contextlib
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from liquid_control.study.model import StudyModel
    from liquid_control.study.run import Run


class DataError(ValueError):
    """Data that cannot be used; the message names the file, and the line where there is one."""


_MISSING = {
    'x': 'where nothing was measured put 0, and False in observed',
    'target': 'where nothing is known put 0, and False in known',
}
"""Field → what to do about missing values."""


@contextlib.contextmanager
def naming(what: str) -> Generator[None]:
    """Raise an error in the user's own code as one line with its place.

    Raises:
        DataError: any other error than a DataError or an OSError, after ``what``.
    """
    try:
        yield
    except (DataError, OSError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = '' if isinstance(error, SyntaxError) else f' ({place.filename}:{place.lineno})'
        raise DataError(f'{what}: {type(error).__name__}: {error}{where}') from None


@dataclass(frozen=True)
class Sequences:
    """N sequences of at most T steps.

    Attributes:
        x: inputs, (N, T, C) float32; 0 in the padding, and where ``observed`` is false, unless the
            data set carries the last value on.
        elapsed: in nominal periods, (N, T, 1) float32. For a class: the time since the previous
            step; 1 at the first, if nothing else is known. For frames to come: the time from each
            step to the frame that it predicts.
        target: what a model must say, float32: the frame to come, (N, T, C), at each step; or the
            class, (N, 1), after the last.
        present: which steps are there, (N, T) bool; the others are padding after the last.
        observed: which inputs were measured, (N, T, C) bool; None: all that are present.
        known: which values of the frames to come are known, (N, T, C) bool; the others count in no
            loss. None: all that are present.
        names: where each sequence comes from, for messages.

    Raises:
        DataError: shapes or types do not fit, a sequence is empty or has steps after its padding,
            a value is not finite, or no time passes between two steps; the message names the
            sequence.
    """

    x: np.ndarray
    elapsed: np.ndarray
    target: np.ndarray
    present: np.ndarray
    observed: np.ndarray | None = None
    names: Sequence[str] = ()
    known: np.ndarray | None = None

    def __post_init__(self):
        for name in ('x', 'elapsed', 'target'):
            self._require_type(name, np.float32)
        self._require_type('present', np.bool_)
        if self.observed is not None:
            self._require_type('observed', np.bool_)
        count, steps, channels = self._shape()
        self._require_names(count)
        self._require_shape('elapsed', self.elapsed, (count, steps, 1))
        self._require_shape('present', self.present, (count, steps))
        if self.observed is not None:
            self._require_shape('observed', self.observed, (count, steps, channels))
        frames, classes = (count, steps, channels), (count, 1)
        if self.target.shape not in {frames, classes}:
            raise DataError(
                f'target: expected shape {frames}, the frame after each step, or {classes}, the '
                f'class of each sequence, found {self.target.shape}'
            )
        if self.known is not None:
            self._require_type('known', np.bool_)
            self._require_shape('known', self.known, frames)
            some = np.count_nonzero(self.scored, axis=(1, 2))
            self._refuse('known', np.equal(some, 0), 'at least one known value')
        gap = ~self.present[:, :-1] & self.present[:, 1:]
        self._refuse('steps', ~self.present[:, 0] | gap.any(axis=1), 'present from the first on')
        for name in ('x', 'elapsed', 'target'):
            values = getattr(self, name)
            if not np.isfinite(values).all():
                place = tuple(np.argwhere(~np.isfinite(values))[0].tolist())
                where = f'{self.describe(place[0])}: {name}[{", ".join(map(str, place))}]'
                advice = f'; {_MISSING[name]}' if name in _MISSING else ''
                raise DataError(f'{where}: expected finite values, found {values[place]}{advice}')
        gaps = self.elapsed[..., 0]
        early = (self.present[:, 1:] & (gaps[:, 1:] <= 0.0)).any(axis=1) | (gaps[:, 0] < 0.0)
        self._refuse('elapsed', early, 'more than 0 after the first step, which may be 0')

    def __len__(self) -> int:
        return len(self.x)

    @property
    def lengths(self) -> np.ndarray:
        """Number of steps of each sequence, (N,) int."""
        return self.present.sum(axis=1)

    @property
    def measured(self) -> np.ndarray:
        """Which inputs are there: present and observed, (N, T, C) bool."""
        return self._there(self.observed)

    @property
    def scored(self) -> np.ndarray:
        """Which values of the frames to come count: present and known, (N, T, C) bool."""
        return self._there(self.known)

    def describe(self, index: int) -> str:
        """Where a sequence comes from, for messages."""
        return self.names[index] if len(self.names) else f'sequence {index}'

    def take(self, rows: np.ndarray | slice) -> 'Sequences':
        """Some of the sequences."""
        names = tuple(np.array(self.names, dtype=object)[rows]) if len(self.names) else ()
        observed, known = (
            None if mask is None else mask[rows] for mask in (self.observed, self.known)
        )
        whole = (self.x, self.elapsed, self.target, self.present)
        return Sequences(*(values[rows] for values in whole), observed, names, known)

    def _there(self, mask: np.ndarray | None) -> np.ndarray:
        present = np.broadcast_to(self.present[..., None], self.x.shape)
        return present if mask is None else present & mask

    def _shape(self) -> tuple[int, int, int]:
        if self.x.ndim != 3 or 0 in self.x.shape:
            raise DataError(f'x: expected shape (N, T, C), none of them 0, found {self.x.shape}')
        count, steps, channels = self.x.shape
        return count, steps, channels

    def _require_type(self, name: str, kind: type[np.generic]) -> None:
        values = getattr(self, name)
        if not isinstance(values, np.ndarray) or values.dtype != kind:
            found = getattr(values, 'dtype', type(values).__name__)
            raise DataError(f'{name}: expected an array of {kind.__name__}, found {found}')

    def _require_shape(self, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise DataError(f'{name}: expected shape {shape}, found {values.shape}')

    def _require_names(self, count: int) -> None:
        texts = not isinstance(self.names, str) and all(isinstance(one, str) for one in self.names)
        if not texts or len(self.names) not in (0, count):
            raise DataError(f'names: expected {count} texts or none, found {self.names!r:.60}')

    def _refuse(self, name: str, wrong: np.ndarray, expected: str) -> None:
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DataError(f'{self.describe(first)}: {name}: expected {expected}')


@dataclass(frozen=True)
class Split:
    """The sequences to train on, to choose by, and to report on.

    Attributes:
        train: training sequences; scales are taken from them alone.
        validation: sequences that choose step sizes and the round whose weights are kept; None:
            nothing is chosen, and the last weights are kept.
        test: sequences that only the final scores are measured on.
        sha256: digest of all that determines them.
    """

    train: Sequences
    validation: Sequences | None
    test: Sequences
    sha256: str


class StudyData(abc.ABC):
    """A data set on which cells are compared.

    An instance is small and can be pickled: each training process calls :meth:`load` itself.

    Attributes:
        name: name in commands and files.
        title: one line for people.
        criterion: name of the score in :meth:`scores` that cells are compared by.
        greater: whether a greater score is better.
        binary: whether the targets are classes 0 and 1, (N, 1), after the last step; otherwise
            they are the frame that follows each step, of the same channels as the input.
            Other targets are not offered.
        carried: whether an input that is not measured is the last one that was; the model then
            also sees which inputs have been measured so far.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    criterion: ClassVar[str] = 'mse'
    greater: ClassVar[bool] = False
    binary: ClassVar[bool] = False
    carried: ClassVar[bool] = False

    @property
    def positive_weight(self) -> float:
        """Weight of class 1 in the loss of a binary target."""
        return 1.0

    @property
    def units(self) -> Mapping[str, str]:
        """Score → its unit, for tables and pages; none by default."""
        return {}

    @abc.abstractmethod
    def load(self) -> Split:
        """Read and split the data, always alike.

        Raises:
            DataError: the data cannot be used.
        """

    @abc.abstractmethod
    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        """Scores of a model's output on sequences.

        Args:
            output: predicted targets, of the shape of ``sequences.target``; for a binary target
                the logit of class 1.
            sequences: what was predicted.
        """

    def of_run(self, run: 'Run') -> 'StudyData':
        """The data of one run: another fold for each seed, say, or another weight of class 1."""
        return self

    def build(self, run: 'Run', train: Sequences) -> 'StudyModel':
        """The model of a run with initial weights and the scales of the training sequences."""
        from liquid_control.study import model

        return model.build(run.cell, run.model, self, train, run.seed)

    def baselines(self) -> Mapping[str, Mapping[str, Any]]:
        """Name of a simple baseline → its scores, named as those of a cell (``test_mse``)."""
        return {}

    def extra(self, model: Any, split: Split) -> Mapping[str, Any]:
        """Further measures of a trained model for its result, plain JSON; none by default.

        A score of the test, ``test_…``, replaces that of :meth:`scores`.

        Args:
            model: what :meth:`build` returned, trained and in evaluation mode.
            split: the data.
        """
        return {}


def scored(
    data: StudyData, output: np.ndarray, sequences: Sequences, what: str
) -> Mapping[str, float]:
    """:meth:`StudyData.scores` of an output, the criterion among them.

    Args:
        data: the data set.
        output: as for its scores.
        sequences: as for its scores.
        what: was scored, for messages.

    Raises:
        DataError: scores() fails or returns no scores by name, or the criterion is missing.
    """
    where = f'{data.name}: scores() of {what}'
    scores = values(where, lambda: data.scores(output, sequences))
    if data.criterion not in scores:
        raise DataError(
            f'{where}: expected {data.criterion}, the criterion, among them, '
            f'found {", ".join(scores) or "none"}'
        )
    return scores


def values(what: str, method: Callable[[], Any]) -> Mapping[str, Any]:
    """Values by name from a method of a data set.

    Args:
        what: the method, for messages.
        method: calls it.

    Raises:
        DataError: it fails, or returns something else.
    """
    with naming(what):
        found = method()
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise DataError(f'{what}: expected a dict of names to values, found {found!r:.60}')
    return found
