"""The study as a user runs it: small, stopped, resumed, and with wrong arguments."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from kinematics import make_up, published
from support import interruptible

from liquid_control.cli import main as cli
from liquid_control.cli.study import kinds
from liquid_control.models import Normalizer
from liquid_control.run_folder import alone_in
from liquid_control.study.walker2d_kinematics import best, best_weights
from liquid_control.study.walker2d_kinematics import dataset as data
from liquid_control.study.walker2d_kinematics.best_model import BestPredictor, BestSettings


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return str(make_up(tmp_path_factory.mktemp('rollouts')))


def study(folder, out, *more):
    return ['study', 'walker2d-kinematics', '--data', folder, '--out', str(out), *more]


SMALL = ('--part', 'comparison', '--cells', 'mlp', '--budget', '20000', '--seeds', '1')


def test_small_comparison_and_again(folder, tmp_path, capsys):
    out, told = tmp_path / 'out', tmp_path / 'told.json'
    command = study(folder, out, *SMALL, '--updates', '1', '--workers', '2', '--json', str(told))
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert 'about 20,000 parameters' in said
    assert 'the published ones dd53f1abac49…: some differ' in ' '.join(said.split())
    whole = json.loads((out / 'results.json').read_text())
    assert json.loads(told.read_text())['runs'] == whole['runs']
    assert whole['complete']
    assert not whole['published_data']
    assert len(whole['runs']) == 6
    row = whole['summary']['comparison'][0]
    assert row['cell'] == 'mlp'
    for name in ('seconds_round', 'saved_mb', 'peak_resident_mb', 'parameters'):
        assert row[name] > 0
    assert whole['provenance']['data_sha256'] == whole['runs'][0]['data_sha256']
    assert {'recipes', 'comparison', 'best'} == set(whole['summary'])
    assert (out / 'comparison-20000.png').is_file()

    before = {path: path.stat().st_mtime_ns for path in (out / 'runs').iterdir()}
    assert cli.main(command) == 0
    assert before == {path: path.stat().st_mtime_ns for path in (out / 'runs').iterdir()}
    assert json.loads((out / 'results.json').read_text())['runs'] == whole['runs']

    capsys.readouterr()
    assert cli.main(study(folder, out, *SMALL, '--updates', '8')) == 1
    assert 'recipe.updates 1, now 2): use another --out' in capsys.readouterr().err


def test_stopped_study_leaves_no_process(folder, tmp_path):
    out = tmp_path / 'out'
    command = study(folder, out, *SMALL, '--updates', '100000', '--workers', '2')
    process = subprocess.Popen(
        [sys.executable, '-m', 'liquid_control', *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=interruptible,
    )  # fmt: skip
    try:
        assert any('0/6 runs' in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == f'stopped; 0 of 6 runs are kept in {out}: the same command resumes from there\n'
    whole = json.loads((out / 'results.json').read_text())
    assert not whole['complete']
    for _ in range(200):  # the process server ends when it notices that its parent is gone
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError('a process was left behind')


def test_termination_acts_like_an_interrupt(folder, tmp_path):
    command = study(folder, tmp_path / 'out', *SMALL, '--updates', '100000')
    process = subprocess.Popen(
        [sys.executable, '-m', 'liquid_control', *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert any('0/6 runs' in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said.startswith('stopped; ')


def test_evaluate_measures_without_training(folder, tmp_path, capsys):
    told, path = tmp_path / 'told.json', tmp_path / 'x.safetensors'
    torch.manual_seed(0)
    scales = Normalizer(np.zeros(17), np.ones(17), np.full(17, 0.3))
    small = BestSettings(hidden_size=8, width=16, before=1, after=1)
    best_weights.write(path, BestPredictor(small, scales), best.runs(1)[0], 'abc')
    command = study(folder, tmp_path / 'out', '--evaluate', str(path), '--json', str(told))
    assert cli.main([*command, '--part', 'best']) == 0
    found = json.loads(told.read_text())
    expected = best_weights.evaluate(path, data.protocol(data.load(folder)))
    assert found['test_mse'] == expected['test_mse']
    assert f'{found["test_mse"]:.3f}' in capsys.readouterr().out
    assert not (tmp_path / 'out').exists()
    assert cli.main([*command, '--part', 'recipes']) == 1
    assert '--evaluate: expected --part best or none, found recipes' in capsys.readouterr().err
    assert cli.main(study(folder, tmp_path / 'out', '--evaluate', str(told))) == 1
    assert 'expected the weights of the best causal predictor' in capsys.readouterr().err


def test_shipped_weights_reach_their_error(tmp_path):
    told = tmp_path / 'told.json'
    command = study(published(), tmp_path / 'out', '--evaluate', '--json', str(told))
    assert cli.main(list(map(str, command))) == 0
    found = json.loads(told.read_text())
    results = Path(__file__).parents[2] / 'docs/results/walker2d_kinematics/best/results.json'
    (run,) = json.loads(results.read_text())['runs']
    assert found['test_mse'] == pytest.approx(run['test_mse'], rel=1e-4)
    assert found['validation_mse'] == pytest.approx(run['validation_mse'], rel=1e-4)
    assert found['trained']['data_sha256'] == run['data_sha256']


def test_runs_are_listed(capsys):
    assert cli.main(study('nowhere', 'nowhere', '--list', '--cells', 'lstm,cfc')) == 0
    said = capsys.readouterr().out.split()
    assert 'recipes-cfc-seed2' in said
    assert 'comparison-lstm-20000-seed0' in said
    assert len([name for name in said if name.startswith('tuning')]) == 10
    command = study('nowhere', 'nowhere', '--list', '--cells', 'lstm', '--budget', '100000')
    assert cli.main(command) == 0
    assert 'comparison-lstm-100000-seed0' in capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ('more', 'says'),
    [
        (('--cells', 'lsmt'), "unknown cell 'lsmt' (did you mean 'lstm'?)"),
        (('--part', 'recipe'), "unknown part 'recipe' (did you mean 'recipes'?)"),
        (('--budget', '2000'), "unknown budget '2000'"),
        (('--device', 'gpu'), "device: expected cpu, cuda or cuda:N, found 'gpu'"),
        (('--runs', 'nothing', '--cells', 'mlp'), 'matches no run'),
        (('--cells', 'mlp', '--part', 'comparison'), 'nowhere: no such folder'),
    ],
)
def test_what_is_asked_for_wrongly_is_named(more, says, capsys):
    assert cli.main(study('nowhere', 'nowhere-either', *more)) == 1
    assert says in capsys.readouterr().err


def test_studies_are_listed_without_data(capsys):
    assert cli.main(['study', '--list']) == 0
    assert 'walker2d-kinematics' in capsys.readouterr().out
    assert cli.main(['study']) == 2
    assert 'expected a study: walker2d-kinematics' in capsys.readouterr().err


def test_a_quick_study_says_so(folder, tmp_path):
    command = study(folder, tmp_path, '--quick', '--cells', 'mlp', '--updates', '1')
    assert cli.main(command) == 0
    whole = json.loads((tmp_path / 'results.json').read_text())
    assert whole['complete'] == 'quick'
    assert {run['run']['part'] for run in whole['runs']} == {'tuning', 'comparison'}


def test_all_names_the_studies_without_data(tmp_path, capsys, monkeypatch):
    some = {name: kinds.STUDIES[name] for name in ('walker2d-kinematics', 'icu', 'parameters')}
    monkeypatch.setattr(kinds, 'STUDIES', some)
    (tmp_path / 'data').mkdir()
    out = tmp_path / 'out'
    command = ['study', 'all', '--data', str(tmp_path / 'data'), '--out', str(out), '--quick']
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert 'walker2d-kinematics: left out: --data must hold the folder walker2d_kin' in said
    assert 'icu: left out: --data must hold the folder physionet2012' in said
    assert (out / 'parameters' / 'results.json').is_file()


def test_results_of_another_study_are_kept(folder, tmp_path, capsys):
    (tmp_path / 'weights').mkdir()
    path = tmp_path / 'results.json'
    path.write_text('{"study": "synthetic"}')
    assert cli.main(study(folder, tmp_path, *SMALL)) == 1
    assert 'holds results of study synthetic' in capsys.readouterr().err
    assert path.read_text() == '{"study": "synthetic"}'


def test_a_second_process_is_refused(folder, tmp_path, capsys):
    with alone_in(tmp_path):
        assert cli.main(study(folder, tmp_path, *SMALL)) == 1
    assert f'{tmp_path}: another process is working there' in capsys.readouterr().err
