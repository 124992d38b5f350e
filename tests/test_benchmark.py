"""Short benchmarks, run as a user would run them; the measurements are not checked."""

import json

import pytest

pytest.importorskip('torch')
pytest.importorskip('ncps')

from liquid_control.cli.main import main


def test_training_is_measured_beside_a_reference(tmp_path, capsys):
    out = tmp_path / 'training.json'
    arguments = ['--cell', 'cfc_ncp', '--cell', 'mlp', '--threads', '1', '--rounds', '2']
    short = ['--batch', '2', '--length', '4', '--json', str(out)]
    assert main(['benchmark', 'training', *arguments, *short]) == 0
    wired, mlp = json.loads(out.read_text())['steps']
    assert wired['reference'] == 'ncps CfC, AutoNCP(64, 6)'
    assert wired['ratio'] > 0
    assert wired['saved_mb'] > 0
    assert 'ratio' not in mlp
    assert 'cfc_ncp' in capsys.readouterr().out


def test_what_is_saved_for_backward_grows_with_length():
    from liquid_control.benchmarks.training_cost import growth

    (row,) = growth(['cfc'], [8, 16, 32, 64], batch=32, rounds=1)
    assert row['memory_exponent'] == pytest.approx(1.0, abs=0.15)
    assert len(row['step_ms']) == 4


def test_steps_are_measured_beside_a_reference(tmp_path):
    out = tmp_path / 'steps.json'
    assert (
        main(['benchmark', 'latency', '--cell', 'lstm', '--rounds', '2', '--json', str(out)]) == 0
    )
    (row,) = json.loads(out.read_text())['cells']
    assert row['reference'] == 'torch LSTM, 64, eager'
    assert row['p50_us'] <= row['p99_us']
    assert row['ratio'] > 0


def test_rollouts_are_measured_beside_physics_and_a_plain_loop(tmp_path, capsys):
    out = tmp_path / 'rollouts.json'
    what = ['--policy', 'cfc,mlp', '--fault', 'none,friction:0.5@2', '--cores', '2']
    short = ['--worlds', '3', '--steps', '4', '--rounds', '1', '--json', str(out)]
    assert main(['benchmark', 'rollouts', *what, *short]) == 0
    rows = json.loads(out.read_text())['rows']
    assert [(row['policy'], row['fault']) for row in rows] == [
        ('cfc', 'none'), ('cfc', 'friction:0.5@2'), ('mlp', 'none'), ('mlp', 'friction:0.5@2'),
    ]  # fmt: skip
    assert all(row['physics'] > 0 and row['closed_loop'] > 0 and row['share'] > 0 for row in rows)
    assert [('plain_loop' in row) for row in rows] == [True, False, False, False]
    assert 'closed' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['rollouts', '--policy', 'lsmt'], "did you mean 'lstm'"),
        (['rollouts', '--fault', 'dely'], "did you mean 'delay'"),
        (['rollouts', '--robot', 'walkr2d'], "did you mean 'walker2d'"),
        (['training', '--cell', 'cfx'], "did you mean 'cfc'"),
        (['training', '--rounds', '0'], '--rounds: expected 1 or more, found 0'),
        (['training', '--threads', '0'], '--threads: expected 1 to 256, found 0'),
        (['training', '--threads', '100000'], '--threads: expected 1 to 256, found 100000'),
        (['training', '--device', 'cpu:1'], "expected cpu, cuda or cuda:N, found 'cpu:1'"),
        (['training', '--device', 'cuda:99'], 'device cuda:99: torch'),
        (['latency', '--cell', 'lsmt'], "did you mean 'lstm'"),
    ],
)
def test_what_cannot_be_measured_is_said(arguments, message, capsys):
    assert main(['benchmark', *arguments]) == 1
    assert message in capsys.readouterr().err
