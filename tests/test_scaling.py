"""Comparisons with one worker and with several do the same work."""

import json

import pytest

pytest.importorskip('mujoco')

from liquid_control.benchmarks.scaling import measure_scaling
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, Contract
from liquid_control.paths import policy
from liquid_control.sim import simulated_contract


@pytest.mark.slow
def test_every_number_of_workers_does_the_same_steps():
    robot = Contract.load(simulated_contract('walker2d'))
    bundle = Bundle.read(policy('mlp', 'walker2d'))
    found = measure_scaling(bundle, robot, 2, pieces=2, episodes=1, rounds=2)
    assert [one.workers for one in found] == [1, 2, 2, 1], 'in turn'
    assert len({one.steps for one in found}) == 1
    assert all(one.seconds > 0 for one in found)


@pytest.mark.slow
def test_the_verb_compares_with_one_worker(tmp_path, capsys):
    out = tmp_path / 'scaling.json'
    short = ['--pieces', '2', '--episodes', '1', '--rounds', '1', '--policy', 'mlp']
    assert cli.main(['benchmark', 'scaling', *short, '--json', str(out)]) == 0
    one, two = json.loads(out.read_text())['workers']
    assert (one['workers'], one['times_one']) == (1, 1.0)
    assert two['workers'] == 2
    assert two['times_one'] == pytest.approx(one['seconds'] / two['seconds'])
    assert '× one' in capsys.readouterr().out


def test_a_policy_of_another_robot_is_refused(capsys):
    assert cli.main(['benchmark', 'scaling', '--robot', 'hopper', '--policy', 'lstm']) == 1
    assert "unknown policy for hopper, 'lstm'" in capsys.readouterr().err
