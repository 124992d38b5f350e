"""The page of the study of mortality: sentences on differences and baselines."""

import pytest

pytest.importorskip('plotly')

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.report.study.icu import beside, paired


def cells(**scores):
    """Cells by their AUROC: name → (score, its distance from the best)."""
    found = {
        name: Score(Estimate(value, value - 0.02, value + 0.02), {}, Estimate(away, away, away))
        for name, (value, away) in scores.items()
    }
    return Group('icu', 'same footing', 'test auroc', True, found, Source('results.json', 'ab', ''))


def baseline(value):
    means = {'auroc': {'mean': value, 'low': value - 0.02, 'high': value + 0.02}}
    return [{'score': 'SOFA', 'means': means}, {'score': 'unknown', 'means': {}}]


def test_differences_are_over_the_same_patients():
    (text,) = paired(cells(gru=(0.84, 0.0), cfc=(0.83, -0.01)))
    assert text.startswith('AUROC less that of gru, over the same patients: cfc -0.01 [')
    assert paired(cells(gru=(0.84, 0.0))) == []


def test_baselines_above_every_cell_are_named():
    group = cells(gru=(0.84, 0.0), cfc=(0.83, -0.01))
    assert 'the mean of SOFA is above that of every cell' in beside(group, baseline(0.85))[0]
    below = beside(group, baseline(0.835))[0]
    assert 'SOFA 0.835 [0.815, 0.855]; the mean of the best cell is above all of them' in below
    assert beside(group, baseline(0.85)[1:]) == []
