"""The examples run as the tutorials say."""

import subprocess
import sys
from pathlib import Path

import pytest

from liquid_control.cli import main as cli
from liquid_control.control import Bundle, Contract

EXAMPLE = Path(__file__).resolve().parents[1] / 'examples' / 'my_robot'


def run(script: str, *arguments: str, cwd: Path) -> None:
    subprocess.run([sys.executable, str(EXAMPLE / script), *arguments], cwd=cwd, check=True)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A bag of the example robot, and a bundle for it."""
    place = tmp_path_factory.mktemp('my_robot')
    run('arm.py', '--record', 'arm_bag', cwd=place)
    run('policy.py', str(EXAMPLE / 'my_arm.yaml'), 'hold.onnx', cwd=place)
    return place


def test_a_contract_is_drafted_from_the_bag_of_the_robot(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert cli.main(['bag', 'arm_bag', '--draft', 'my_arm.yaml']) == 0
    drafted, finished = Contract.load('my_arm.yaml'), Contract.load(EXAMPLE / 'my_arm.yaml')
    assert drafted.rate == finished.rate == 100.0
    assert drafted.action.joints == finished.action.joints
    assert drafted.asking('joint_position').terms == finished.asking('joint_position').terms


def test_its_policy_predicts_what_the_robot_does(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    Bundle.read('hold.onnx').contract.require_fit(Contract.load(EXAMPLE / 'my_arm.yaml'), 'hold')
    robot = str(EXAMPLE / 'my_arm.yaml')
    assert cli.main(['replay', 'arm_bag', '--robot', robot, '--policy', 'hold.onnx']) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if ' hold ' in line)
    assert row.split()[1] == '2000'
    assert float(row.split()[4]) < 0.01
