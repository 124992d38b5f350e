"""A folder of runs: what belongs to it, and what it concludes."""

import dataclasses
import json

import pytest
from students import TEACHER
from support import ROBOT, STUDENT, describe, step_graph

from liquid_control.control import Bundle
from liquid_control.evaluation.seeds import rescored
from liquid_control.evaluation.suite import SCORED, VERSION
from liquid_control.training.device import Hardware
from liquid_control.training.student.campaign import Setup, conclude, finished
from liquid_control.training.student.settings import StudentSettings

SETUP = Setup(ROBOT, TEACHER, Hardware())
SCORE = {
    'return_mean': 4000.0, 'return_min': 3900.0, 'falls': 0, 'prediction_ratio': 0.1,
    'episodes': 50, 'seed': 5, 'percent': 80.0, 'teacher_return': 5000.0, 'suite': VERSION,
}  # fmt: skip

OTHER = dataclasses.replace(STUDENT, robot='hopper')


def trained(folder, cell, seed, contract=STUDENT, teacher=None, **changes):
    """A finished run, with more return for higher seeds."""
    settings = StudentSettings(cell, seed, **changes)
    path = folder / 'seeds' / f'{cell}-seed{seed}.onnx'
    path.parent.mkdir(parents=True, exist_ok=True)
    bundle = dataclasses.replace(
        describe(contract),
        cell=cell,
        settings={'training': json.loads(json.dumps(dataclasses.asdict(settings)))},
        provenance={
            'seed': seed,
            'command': 'liquid-control train policy',
            'teacher_sha256': teacher or TEACHER.sha256,
        },
        scores={fault: {**SCORE, 'return_mean': 4000.0 + seed} for fault in SCORED},
        counts={'parameters': 100, 'state_size': 5},
    )
    bundle.write(path, step_graph(contract, seed))
    return path


def test_runs_of_earlier_commands_count(tmp_path):
    for cell, seed in (('lstm', 0), ('gru', 0), ('gru', 1)):
        trained(tmp_path, cell, seed)
    best = conclude([StudentSettings('gru', 0)], SETUP, tmp_path, {})
    assert {cell: bundle.provenance['seed'] for cell, bundle in best.items()} == {
        'gru': 1, 'lstm': 0,
    }  # fmt: skip
    results = json.loads((tmp_path / 'results.json').read_text())
    assert results['complete']
    assert results['cells']['gru']['seeds']['seeds'] == [0, 1]
    assert set(results['cells']) == {'gru', 'lstm'}
    conclude([StudentSettings('gru', 2)], SETUP, tmp_path, {})
    assert not json.loads((tmp_path / 'results.json').read_text())['complete']


def test_stopped_before_anything_exists(tmp_path):
    out = tmp_path / 'new'
    assert conclude([StudentSettings('gru', 0)], SETUP, out, {}) == {}
    assert not json.loads((out / 'results.json').read_text())['complete']


def test_unscored_run_can_be_measured(tmp_path):
    path = trained(tmp_path, 'gru', 0)
    bundle = Bundle.read(path)
    rescored(bundle, path, {fault: s for fault, s in bundle.scores.items() if fault != 'delay:2'})
    with pytest.raises(
        ValueError, match=r'has no score of today under delay:2; .* train score .*gru-seed0'
    ):
        conclude([StudentSettings('gru')], SETUP, tmp_path, {})


def test_old_delay_scores_do_not_count(tmp_path):
    path = trained(tmp_path, 'gru', 0)
    scores = Bundle.read(path).scores
    del scores['delay:1']['suite']
    rescored(Bundle.read(path), path, scores)
    with pytest.raises(ValueError, match='has no score of today under delay:1; measure it again'):
        conclude([StudentSettings('gru')], SETUP, tmp_path, {})


def test_seeds_need_the_same_episodes(tmp_path):
    trained(tmp_path, 'gru', 0)
    path = trained(tmp_path, 'gru', 1)
    scores = Bundle.read(path).scores
    rescored(Bundle.read(path), path, {**scores, 'none': {**scores['none'], 'episodes': 1}})
    said = r'gru-seed1\.onnx is scored over 1 episodes .* train score .* --episodes 50 --seed 5'
    with pytest.raises(ValueError, match=said):
        conclude([StudentSettings('gru')], SETUP, tmp_path, {})


@pytest.mark.parametrize(
    ('other', 'said'),
    [
        ({'contract': OTHER, 'teacher': 'abc'}, 'robot: hopper, now walker2d'),
        ({'rounds': 3}, 'settings: rounds 3, now 450'),
        ({'teacher': 'abc'}, 'teacher: abc, now'),
        ({'contract': dataclasses.replace(STUDENT, max_gap=9.0)}, 'contract: '),
    ],
)
def test_another_run_is_not_taken_for_this_one(tmp_path, other, said):
    path = trained(tmp_path, 'gru', 0, **other)
    with pytest.raises(ValueError, match=f'is from another run .{said}'):
        finished(path, StudentSettings('gru'), SETUP)
    with pytest.raises(ValueError, match='is from another run'):
        conclude([StudentSettings('lstm')], SETUP, tmp_path, {})
