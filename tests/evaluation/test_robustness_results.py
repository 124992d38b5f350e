"""Results of a comparison as a file."""

import pytest

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.results import (
    MEASURED,
    Measurement,
    PolicyFacts,
    RobustnessResults,
)

NOISE = Family('gaussian', 'noise', 'σ / std', 'gaussian:{}', (0.03, 0.1))
RESULTS = RobustnessResults(
    benchmark='compare',
    robot='walker2d',
    reference={'name': 'expert', 'return': 4700.0},
    seed=500_000,
    policies=(PolicyFacts('cfc', 'cfc', ({'path': 'a', 'sha256': 'f', 'seed': 0},)),),
    families=(NOISE,),
    measurements=(
        Measurement(
            'cfc', 'f', 'gaussian', 0.1, 'gaussian:0.1', MEASURED, (1.5,), (3,), (True,), (False,),
            (None,), (0.5,),
        ),
        Measurement('cfc', 'f', '', 0.0, 'none', MEASURED, error='no such file'),
    ),
)  # fmt: skip


def test_results_are_read_as_written(tmp_path):
    RESULTS.save(tmp_path / 'results.json')
    assert RobustnessResults.load(tmp_path / 'results.json') == RESULTS


@pytest.mark.parametrize('text', ['[]', '{"format": 2}', '{"format": 1}'])
def test_other_json_is_refused(tmp_path, text):
    (tmp_path / 'other.json').write_text(text)
    with pytest.raises(ValueError, match=r'other\.json: expected results of a comparison'):
        RobustnessResults.load(tmp_path / 'other.json')


def test_a_family_has_a_fault_for_each_level():
    assert [NOISE.fault(level) for level in (0.0, *NOISE.levels)] == [
        'none', 'gaussian:0.03', 'gaussian:0.1',
    ]  # fmt: skip
    assert NOISE.kind == 'sensor'
    assert Family('both', '', '', 'gaussian:0.1+friction:2').kind == 'mixed'
