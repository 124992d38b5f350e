"""Training as a user starts it: a few rounds, a bundle at the end, and Ctrl-C."""

import json
import signal
import subprocess
import sys

import pytest

from liquid_control import cli, paths
from liquid_control.control import Bundle, PolicyRunner


@pytest.mark.parametrize('cell', ['cfc', 'lstm'])
def test_a_policy(cell, tmp_path, capsys):
    out, told = tmp_path / 'policy.onnx', tmp_path / 'told.json'
    arguments = ['train', 'policy', '--cell', cell, '--rounds', '2', '--seed', '5']
    kept = ['--checkpoints', str(tmp_path), '--json', str(told)]
    assert cli.main([*arguments, *kept, '--out', str(out)]) == 0
    bundle, teacher = Bundle.read(out), Bundle.read(paths.policy('expert', 'walker2d'))
    assert bundle.cell == cell
    assert bundle.provenance['seed'] == bundle.settings['training']['seed'] == 5
    assert bundle.provenance['teacher_sha256'] == teacher.sha256
    assert set(bundle.scores) == {'none', 'gaussian:0.1', 'dropped:0.1'}
    assert bundle.scores['none']['episodes'] == 20
    assert json.loads(told.read_text())['scores'] == bundle.scores
    assert (tmp_path / 'best.safetensors').is_file()
    assert 'wrote' in capsys.readouterr().out


def test_an_expert_that_can_teach(tmp_path):
    out = tmp_path / 'expert.onnx'
    assert cli.main(['train', 'expert', '--steps', '4096', '--out', str(out)]) == 0
    terms = [term.name for term in PolicyRunner(out).contract.terms]
    assert terms == ['joint_position', 'joint_velocity']
    assert Bundle.read(out).scores['training']['episodes'] == 20


def test_interrupted_it_ends_clean_and_writes_no_half_bundle(tmp_path):
    out = tmp_path / 'cfc.onnx'
    command = [sys.executable, '-m', 'liquid_control.cli', 'train', 'policy', '--cell', 'cfc']
    process = subprocess.Popen(
        [*command, '--out', str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert 'losses' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == 'interrupted'
    assert not out.exists()


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['policy', '--cell', 'lsmt', '--out', 'x.onnx'], 'did you mean'),
        (['policy', '--cell', 'cfc', '--out', 'x.pt'], '--out: expected a file named .onnx'),
        (['policy', '--cell', 'cfc', '--teacher', 'no.onnx', '--out', 'x.onnx'], 'no such file'),
        (['policy', '--cell', 'cfc', '--teacher', 'cfc', '--out', 'x.onnx'], 'a teacher asks for'),
        (['policy', '--cell', 'cfc', '--rounds', '0', '--out', 'x.onnx'], '--rounds: expected'),
        (['policy', '--cell', 'cfc', '--learning-rate', '2', '--out', 'x.onnx'], 'between 0 and 1'),
        (['expert', '--steps', '0', '--out', 'x.onnx'], '--steps: expected'),
        (['expert', '--seed', '-1', '--out', 'x.onnx'], '--seed: expected'),
    ],
)
def test_a_wrong_argument_is_named_before_anything_starts(arguments, said, capsys):
    assert cli.main(['train', *arguments]) == 1
    assert said in capsys.readouterr().err
