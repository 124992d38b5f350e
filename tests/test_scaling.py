"""Comparisons with one worker and with several do the same work."""

import json

import pytest

pytest.importorskip('mujoco')

from liquid_control.benchmarks.scaling import Scaled, measure_scaling, scaling_rows
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, Contract
from liquid_control.paths import policy
from liquid_control.sim import simulated_contract


def test_ratios_are_those_of_each_round():
    sweeps = [
        Scaled(0, 1, 8.0, 100), Scaled(0, 2, 5.0, 100), Scaled(1, 2, 2.0, 100),
        Scaled(1, 1, 4.0, 100), Scaled(2, 1, 12.0, 100),
    ]  # fmt: skip
    one, two = scaling_rows(sweeps, pieces=4)
    assert (one['workers'], one['seconds'], one['times_one']) == (1, 6.0, 1.0)
    assert (two['workers'], two['seconds'], two['times_one']) == (2, 3.5, 1.8)
    assert (one['seconds_a_piece'], two['seconds_a_piece']) == (1.5, 1.75)
    assert one['steps_a_second'] == (100 / 8 + 100 / 4) / 2
    assert scaling_rows(sweeps[:1], pieces=4) == []


@pytest.mark.slow
def test_every_number_of_workers_does_the_same_steps():
    robot = Contract.load(simulated_contract('walker2d'))
    bundle = Bundle.read(policy('mlp', 'walker2d'))
    texts = []
    found = list(
        measure_scaling(
            bundle, robot, 2, pieces=2, episodes=1, rounds=2,
            report=lambda share, text: texts.append((share, text)),
        )
    )  # fmt: skip
    assert [one.workers for one in found] == [1, 2, 2, 1], 'in turn'
    assert len({one.steps for one in found}) == 1
    assert all(one.seconds > 0 for one in found)
    assert texts == sorted(texts, key=lambda one: one[0]), 'progress only grows'
    assert texts[0] == (0.0, 'round 1 of 2, one worker, starting')
    assert (1.0, 'round 2 of 2, one worker, 2 of 2 pieces') in texts


@pytest.mark.slow
def test_the_verb_compares_with_one_worker(tmp_path, capsys):
    out = tmp_path / 'scaling.json'
    short = ['--pieces', '2', '--episodes', '1', '--rounds', '1', '--policy', 'mlp']
    assert cli.main(['benchmark', 'scaling', *short, '--json', str(out)]) == 0
    one, two = json.loads(out.read_text())['workers']
    assert (one['workers'], one['times_one']) == (1, 1.0)
    assert two['workers'] == 2
    assert two['times_one'] == pytest.approx(one['seconds'] / two['seconds'])  # of one round
    assert '× one' in capsys.readouterr().out


def test_a_policy_of_another_robot_is_refused(capsys):
    assert cli.main(['benchmark', 'scaling', '--robot', 'hopper', '--policy', 'lstm']) == 1
    assert "unknown policy for hopper, 'lstm'" in capsys.readouterr().err
