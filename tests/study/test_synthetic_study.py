"""A condition of the synthetic series, trained and measured on the same footing."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from liquid_control import cells
from liquid_control.study import model as models
from liquid_control.study.carry_out import carry_out_all, results
from liquid_control.study.default_footing import QUICK
from liquid_control.study.evaluate import outputs
from liquid_control.study.run import ResultStore
from liquid_control.study.synthetic import plan
from liquid_control.study.synthetic.data import HORIZON, HORIZONS, SyntheticData
from liquid_control.study.synthetic.forecast import one_step
from liquid_control.study.synthetic.stepping import Stepping


@pytest.mark.parametrize('cell', cells.names())
def test_stepping_equals_whole_sequences(cell):
    """Sample by sample, a model says the same as over whole sequences."""
    data = SyntheticData('damped-sine', 'irregular')
    train = data.load().train
    model = models.build(cell, {'units': 16}, data, train, seed=0).eval()
    few = train.take(slice(4))
    stepped = one_step(Stepping(model), few)
    np.testing.assert_allclose(stepped, outputs(model, few), atol=2e-5)


def test_study_learns_and_resumes(tmp_path):
    """A short training beats persistence; a second start finds the results."""
    footing = dataclasses.replace(QUICK, cells=('gru',), updates=150)
    data = SyntheticData('damped-sine')
    kept, baselines = ResultStore(tmp_path, data.load().sha256), data.baselines()
    for _ in carry_out_all(footing, [(data, kept)], workers=1):
        pass
    found = results(footing, kept, data)
    (result,) = found.values()
    assert result['test_nmse'] < baselines['persistence']['test_nmse'] / 2
    assert list(result['outside_horizon_nmse']) == [str(step) for step in HORIZONS]
    assert HORIZONS[-1] == HORIZON
    assert set(baselines['linear']) <= set(result)
    assert result['test_noisy_ratio'] == result['test_noisy_nmse'] / result['test_nmse'] > 1
    assert baselines['persistence']['test_noisy_nmse'] > baselines['persistence']['test_nmse']
    progress = [state for _, state in carry_out_all(footing, [(data, kept)], 1)][-1]
    assert not progress.failed
    assert results(footing, kept, data) == found
    assert data.baselines() == baselines


def test_conditions():
    names = [condition.name for condition in plan.conditions()]
    assert len(set(names)) == 15
    assert [name.partition('-irregular-')[2] for name in names[:5]] == ['noise0.1'] * 5
    assert {condition.name for condition in plan.conditions(quick=True)} < set(names)
