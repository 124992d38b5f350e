"""Wrong data, scores and folders are found before any training starts."""

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from liquid_control.cli.study.compared import compare
from liquid_control.study.carry_out import carry_out, execute
from liquid_control.study.checks import checked
from liquid_control.study.footing import Footing
from liquid_control.study.run import ResultStore
from liquid_control.study.sequences import DataError, Sequences, Split, StudyData

FOOTING = Footing(
    ('gru',), (2000,), updates=2, rounds=1, batch=8, seeds=1, learning_rates=(0.01, 0.05)
)

KEPT = dict.fromkeys(
    (
        'seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb',
        'test_accuracy',
    ),
    1.0,
)  # fmt: skip
"""What every result of a compared run has."""


def classes(*values: float) -> Sequences:
    """Sequences of three steps, one for each target."""
    count = len(values)
    x = np.random.default_rng(0).normal(size=(count, 3, 1)).astype(np.float32)
    target = np.array(values, np.float32)[:, None]
    return Sequences(x, np.ones_like(x), target, np.ones((count, 3), bool))


class Classes(StudyData):
    name, title, criterion, greater, binary = 'classes', 'Classes', 'accuracy', True, True

    def __init__(self, name='classes', found=None, **parts):
        self.name, self.found, self.parts = name, found, parts

    def load(self):
        known = {name: classes(0, 1) for name in ('train', 'validation', 'test')}
        return Split(**{**known, **self.parts}, sha256=self.name)

    def scores(self, output, sequences):
        right = (output > 0) == (sequences.target > 0.5)
        return {'accuracy': float(right.mean())} if self.found is None else self.found


def first(data, folder, footing=FOOTING):
    """Start a study: the state before its first run."""
    return next(carry_out(footing, checked(footing, folder, data, data.load()), data))


def test_right_data_are_accepted(tmp_path):
    assert first(Classes(), tmp_path).done == 0
    fixed = replace(FOOTING, learning_rates=(0.01,))
    assert first(Classes(validation=None), tmp_path, fixed).done == 0


def test_a_step_size_is_chosen_by_validation(tmp_path):
    with pytest.raises(DataError, match='validation: expected Sequences, by which'):
        first(Classes(validation=None), tmp_path)


@pytest.mark.parametrize(
    ('parts', 'says'),
    [
        ({'train': classes(-1, 1)}, 'classes, train: sequence 0: target: .* 0 or 1, found -1'),
        ({'test': classes(0, 1, 2)}, 'classes, test: sequence 2: target: .* 0 or 1, found 2'),
        ({'train': classes(1, 1, 1)}, 'train: target: .* found only 1 in 3 sequences'),
        (
            {'validation': replace(classes(0, 1), target=np.zeros((2, 3, 1), np.float32))},
            r'validation: target: binary data need shape \(2, 1\), found \(2, 3, 1\)',
        ),
    ],
)
def test_targets_must_be_classes(tmp_path, parts, says):
    with pytest.raises(DataError, match=says):
        first(Classes(**parts), tmp_path)


@pytest.mark.parametrize(
    ('found', 'says'),
    [
        (
            {'auroc': 0.5, 'f1': 0.1},
            'expected accuracy, the criterion, among them, found auroc, f1',
        ),
        ({}, 'expected accuracy, the criterion, among them, found none'),
        ({'accuracy': float('nan')}, 'accuracy nan .* expected finite numbers'),
        ({'accuracy': 0.5, 'curve': [1.0]}, r'curve \[1.0\] .* expected finite numbers'),
        ([0.5], r'expected a dict of names to values, found \[0.5\]'),
        ({5: 1.0}, 'expected a dict of names to values, found {5: 1.0}'),
    ],
)
def test_scores_must_be_usable(tmp_path, found, says):
    with pytest.raises(DataError, match=says):
        first(Classes(found=found), tmp_path)


def test_every_data_set_is_checked_first(tmp_path):
    args = Namespace(out=tmp_path, list=False, device='cpu', runs='*', finished=None)
    with pytest.raises(DataError, match='later: scores'):
        compare(args, 'own', FOOTING, [Classes(), Classes('later', {'f1': 0.5})])
    assert not list(tmp_path.rglob('*.json'))


class Raising(Classes):
    def scores(self, output, sequences):
        return {'accuracy': {}[len(sequences)]}


def test_a_score_that_raises_is_named(tmp_path):
    with pytest.raises(DataError, match=r'scores\(\) of an output of noise: KeyError: 2 \(.*py:'):
        first(Raising(), tmp_path)


@pytest.mark.parametrize(
    ('extra', 'says'),
    [(None, 'None'), ({'test_accuracy': 'all', 'seconds': 1.0}, 'test_accuracy, seconds')],
)
def test_extra_measures_have_names_of_their_own(tmp_path, extra, says):
    class Wrong(Classes):
        def extra(self, model, split):
            return extra

    (run,) = replace(FOOTING, learning_rates=(0.01,)).runs({})
    with pytest.raises(DataError, match=rf'classes: extra\(\): expected .*found {says}'):
        execute(run, tmp_path, Wrong(), 'cpu', lambda share, text: None)
    assert not list(tmp_path.rglob('runs/*.json'))


@pytest.mark.parametrize('rate', [0.01, 0.03])
def test_other_settings_are_found_first(tmp_path, rate):
    """Also where step sizes are tuned, and whatever the result's own is."""
    store = ResultStore(tmp_path, 'classes')
    (run,) = replace(FOOTING, learning_rates=(rate,)).runs({})
    store.keep(run, KEPT)
    assert first(Classes(), tmp_path).done == 0
    with pytest.raises(ValueError, match=r'recipe\.updates 2, now 400\): use another --out'):
        first(Classes(), tmp_path, replace(FOOTING, updates=400, rounds=200))


def test_time_must_pass_between_steps():
    part = classes(0, 1)
    start = part.elapsed.copy()
    start[:, 0] = 0.0
    replace(part, elapsed=start)
    for step, gap in ((0, -1.0), (1, 0.0)):
        elapsed = part.elapsed.copy()
        elapsed[1, step] = gap
        with pytest.raises(DataError, match='sequence 1: elapsed: expected more than 0 after'):
            replace(part, elapsed=elapsed)


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        ({'test_accuracy': None}, 'test_accuracy: expected a number, found None'),
        ({'saved_mb': None}, 'saved_mb: expected a number, found None'),
        ({'seconds_round': -1.0}, 'seconds_round: expected a number, found -1.0'),
        ({'peak_resident_mb': '3'}, "peak_resident_mb: expected a number, found '3'"),
        ({'validation_accuracy': [1.0]}, r'validation_accuracy: expected a number, found \[1.0\]'),
    ],
)
def test_results_must_have_what_the_summary_needs(tmp_path, change, says):
    fixed = replace(FOOTING, learning_rates=(0.01,))
    (run,) = fixed.runs({})
    ResultStore(tmp_path, 'classes').keep(run, {**KEPT, **change})
    with pytest.raises(ValueError, match=f'not a valid run result: {says}'):
        first(Classes(), tmp_path, fixed)


class Weightless(Classes):
    positive_weight = 0.0


def test_what_training_processes_need_is_checked(tmp_path):
    class Hidden(Classes):
        pass

    with pytest.raises(DataError, match='Hidden: cannot be pickled for training processes: '):
        first(Hidden(), tmp_path)
    with pytest.raises(DataError, match=r'weight: expected a finite number, found 0\.0'):
        first(Weightless(), tmp_path)
    masked = replace(classes(0, 1), observed=np.zeros((2, 3, 1), bool))
    with pytest.raises(DataError, match='test: observed: expected all inputs measured as in train'):
        first(Classes(test=masked), tmp_path)
