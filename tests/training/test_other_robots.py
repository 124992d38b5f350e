"""Students of any simulated robot: trained, published, scored and described."""

import dataclasses
import functools

import numpy as np
import pytest
from students import fine_tuning, settings
from support import describe, step_graph

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, Contract
from liquid_control.sim import simulated_robot
from liquid_control.training.student import publish, rollouts
from liquid_control.training.student.train import train_student


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Measures scales over a few steps."""
    monkeypatch.setattr(rollouts, '_MEASURED', 60)


def teacher(contract: Contract, path) -> Bundle:
    """An untrained teacher, with one value of state."""
    seen = contract.asking(*simulated_robot(contract.robot).teacher_terms)
    about = dataclasses.replace(describe(seen), counts={'parameters': 9, 'state_size': 1})
    return about.write(path, step_graph(seen, size=1))


@pytest.mark.parametrize('name', ['hopper', 'halfcheetah'])
def test_a_student_is_trained_for_the_robot(tmp_path, name):
    contract = Contract.load(paths.robot(name))
    small = settings(rounds=1, fine_tuning=fine_tuning(rounds=2), readout=64, episodes=1)
    small = dataclasses.replace(small, walkers=4)
    found = train_student(
        small, contract, teacher(contract, tmp_path / 'teacher.onnx'), tmp_path / 'kept',
        lambda share, text: None,
    )  # fmt: skip
    assert found.model.contract.robot == name
    assert found.model.contract.action.joints == simulated_robot(name).actuated
    assert (found.model.std > 0).all()
    for key, value in found.model.state_dict().items():
        assert np.isfinite(value.numpy()).all(), key


@pytest.mark.slow
def test_a_hopper_is_trained_scored_and_described(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(publish, 'score', functools.partial(publish.score, episodes=2))
    contract = Contract.load(paths.robot('hopper'))
    shown = teacher(contract, tmp_path / 'teacher.onnx')
    out, robot = tmp_path / 'hopper.onnx', ['--robot', 'hopper', '--teacher', str(shown.path)]
    train = ['train', 'policy', *robot, '--cell', 'cfc']
    assert cli.main([*train, '--rounds', '1', '--fine-tune', '0', '--out', str(out)]) == 0
    bundle = Bundle.read(out)
    assert bundle.contract.robot == 'hopper'
    assert bundle.provenance['teacher_sha256'] == shown.sha256
    assert bundle.scores['delay:3']['episodes'] == 2
    score = ['train', 'score', str(out), *robot, '--fault', 'none']
    assert cli.main([*score, '--episodes', '2']) == 0
    assert cli.main(['train', 'card', str(out)]) == 0
    assert 'A policy for hopper with cell `cfc`' in capsys.readouterr().out
