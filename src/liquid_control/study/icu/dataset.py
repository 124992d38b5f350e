"""In-hospital mortality on the PhysioNet/CinC Challenge 2012: folds of patients and scores."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from liquid_control.study.icu import patients
from liquid_control.study.icu.scores import all_scores
from liquid_control.study.sequences import DataError, Sequences, Split, StudyData

FOLDS = 5
"""The runs of seed s test on fold s modulo 5, so that five seeds test every patient once."""
PARTS = 25
"""Equal parts of the patients: five test, four validate, sixteen train."""
TEST, VALIDATION = 5, 4
SEED = 2012
PUBLISHED = 'da1ad99380318a04ccdd970690622b6fadddba26a3325ca83ed74aad9cd4fc3f'
"""Digest of the published set A, cleaned."""


@dataclass(frozen=True)
class IcuData(StudyData):
    """Set A of the challenge, or a set of the same format.

    Attributes:
        path: folder or archive, see :mod:`liquid_control.study.icu.files`.
        seed: seed of the runs, which decides the fold.
        positive_weight: weight of a death in the loss that the model was trained with.
    """

    path: Path
    seed: int = 0
    positive_weight: float = 1.0  # ty: ignore[incompatible-attribute-override]

    name: ClassVar[str] = 'icu'
    title: ClassVar[str] = 'in-hospital mortality from the first 48 hours of intensive care'
    criterion: ClassVar[str] = 'auroc'
    greater: ClassVar[bool] = True
    binary: ClassVar[bool] = True

    def load(self) -> Split:
        """The fold of the seed."""
        whole = patients.load(self.path)
        train, validation, test = fold(whole.sequences.target[:, 0] > 0.5, self.seed % FOLDS)
        digest = hashlib.sha256(f'{whole.sha256} {SEED} {PARTS} {TEST} {VALIDATION}'.encode())
        parts = (whole.sequences.take(rows) for rows in (train, validation, test))
        return Split(*parts, digest.hexdigest())

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        """See :func:`liquid_control.study.icu.scores.all_scores`."""
        return all_scores(self.corrected(output), sequences.target[:, 0] > 0.5)

    def corrected(self, output: np.ndarray) -> np.ndarray:
        """Logits (N,) without the weight of deaths, which raises them by its logarithm."""
        return output[:, 0].astype(np.float64) - math.log(self.positive_weight)


def fold(died: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to train on, to validate and to test; each has the same share of deaths.

    The patients of each outcome, in the order of their numbers, are shuffled once and dealt to
    :data:`PARTS` parts.

    Args:
        died: (N,) bool.
        number: fold, from 0 to 4. Folds test disjoint patients, together all.

    Raises:
        DataError: an outcome has fewer patients than there are parts.
    """
    rng, part = np.random.default_rng(SEED), np.zeros(len(died), int)
    for outcome in (False, True):
        rows = rng.permutation(np.flatnonzero(died == outcome))
        if len(rows) < PARTS:
            word = 'died' if outcome else 'lived'
            raise DataError(
                f'expected at least {PARTS} patients who {word} to split, found {len(rows)}'
            )
        part[rows] = (np.arange(len(rows)) - TEST * number) % PARTS
    test, validation = part < TEST, (part >= TEST) & (part < TEST + VALIDATION)
    train = part >= TEST + VALIDATION
    return np.flatnonzero(train), np.flatnonzero(validation), np.flatnonzero(test)
