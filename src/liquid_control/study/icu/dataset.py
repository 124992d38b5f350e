"""In-hospital mortality on the PhysioNet/CinC Challenge 2012: folds of patients and scores."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from liquid_control.study.icu import patients
from liquid_control.study.icu.patients import Patients
from liquid_control.study.icu.published import PART as RECIPES
from liquid_control.study.icu.scores import all_scores, reliability
from liquid_control.study.run import Run
from liquid_control.study.sequences import DataError, Sequences, Split, StudyData

if TYPE_CHECKING:
    from liquid_control.study.model import StudyModel

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
        validated: whether there are patients to validate with, or all but the test's train.
    """

    path: Path
    seed: int = 0
    positive_weight: float = 1.0
    validated: bool = True

    name: ClassVar[str] = 'icu'
    title: ClassVar[str] = 'in-hospital mortality from the first 48 hours of intensive care'
    criterion: ClassVar[str] = 'auroc'
    greater: ClassVar[bool] = True
    binary: ClassVar[bool] = True
    carried: ClassVar[bool] = True

    def load(self) -> Split:
        """The fold of the seed."""
        return self.split(patients.load(self.path))

    def split(self, whole: Patients) -> Split:
        """The fold of the seed, of patients that were read already."""
        data = whole.sequences
        train, validation, test = fold(data.target[:, 0] > 0.5, self.seed % FOLDS)
        digest = hashlib.sha256(f'{whole.sha256} {SEED} {PARTS} {TEST} {VALIDATION}'.encode())
        known = data.take(train), data.take(validation)
        if not self.validated:
            known = data.take(np.concatenate([train, validation])), None
        return Split(*known, data.take(test), digest.hexdigest())

    def of_run(self, run: Run) -> 'IcuData':
        """The fold of the run's seed, with its weight of deaths; a run that keeps its last weights
        also trains on the patients to validate with.
        """
        return replace(
            self, seed=run.seed, positive_weight=run.model.get('positive_weight', 1.0),
            validated=run.recipe.best_round,
        )  # fmt: skip

    def build(self, run: Run, train: Sequences) -> 'StudyModel':
        """The shared model, or that of a published recipe."""
        from liquid_control.study.icu import published_model

        return (
            published_model.build(run, train) if run.part == RECIPES else super().build(run, train)
        )

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        """See :func:`liquid_control.study.icu.scores.all_scores`."""
        return all_scores(self.corrected(output), sequences.target[:, 0] > 0.5)

    def extra(self, model: 'StudyModel', split: Split) -> Mapping[str, Any]:
        """The reliability curve, and the logit and the outcome of each test patient."""
        return self.measured(model, split.test)

    def measured(self, model: 'StudyModel', sequences: Sequences) -> dict[str, Any]:
        """A model's scores as ``test_NAME``, reliability curve and single patients."""
        from liquid_control.study.evaluate import outputs

        output, died = outputs(model, sequences), sequences.target[:, 0] > 0.5
        logit = self.corrected(output)
        return {
            **{f'test_{name}': value for name, value in self.scores(output, sequences).items()},
            'reliability': reliability(logit, died),
            'logit': logit.tolist(),
            'died': died.tolist(),
        }

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
