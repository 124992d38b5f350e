"""Results of a comparison as a file."""

import json
import math

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


@pytest.mark.parametrize(
    ('changed', 'said'),
    [
        ({'returns': [math.nan]}, r'returns\[0\]: expected a finite number, found nan'),
        ({'returns': ['1']}, r"returns\[0\]: expected a finite number, found '1'"),
        ({'errors': [math.inf]}, r'errors\[0\]: expected a finite number, found inf'),
        ({'steps': []}, 'steps: expected 1 as of returns, found 0'),
    ],
)
def test_broken_figures_are_refused(tmp_path, changed, said):
    RESULTS.save(path := tmp_path / 'results.json')
    data = json.loads(path.read_text())
    data['measurements'][0] |= changed
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=rf'results\.json: measurements\[0\]: {said}'):
        RobustnessResults.load(path)


def test_a_family_has_a_fault_for_each_level():
    assert [NOISE.fault(level) for level in (0.0, *NOISE.levels)] == [
        'none', 'gaussian:0.03', 'gaussian:0.1',
    ]  # fmt: skip
    assert NOISE.kind == 'sensor'
    assert Family('both', '', '', 'gaussian:0.1+friction:2').kind == 'mixed'
