"""What came of a run, in a sentence."""

import pytest

from liquid_control.report.summary import about


@pytest.mark.parametrize(
    ('ratio', 'text'),
    [
        (None, 'p ran 10 steps and fell: return 5.'),
        (0.25, 'p ran 10 steps and fell: return 5, prediction error 0.250 of persistence.'),
        (1.0, 'p ran 10 steps and fell: return 5, and it predicts no change.'),
    ],
)
def test_a_policy_that_predicts_no_change_is_named(ratio, text):
    figures = {'episodes': 1, 'falls': 1, 'steps_mean': 10.0, 'return_mean': 5.0}
    metrics = {'run': {'policy': 'p'}, 'figures': {**figures, 'prediction_ratio': ratio}}
    assert about(metrics).text == text


def test_a_return_that_is_not_finite_is_named():
    figures = {'episodes': 1, 'falls': 1, 'steps_mean': 10.0, 'return_mean': None}
    found = about({'run': {'policy': 'p'}, 'figures': figures})
    assert found.bad
    assert 'return is not a finite number' in found.text
