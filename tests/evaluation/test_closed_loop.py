"""Scores in closed loop: one per fault, from every episode, without torch and SciPy."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from liquid_control.control import Controller, PolicyRunner
from liquid_control.evaluation import Suite, measure, run_episodes, score, teacher_return
from liquid_control.evaluation.suite import SCORES
from liquid_control.faults import FaultError, parse
from liquid_control.sim.world import World

HIDDEN = Path(__file__).parents[1] / 'hidden.py'
TRAINING = 'torch,stable_baselines3,scipy,safetensors,onnxscript,ncps'


def test_results_are_those_of_the_episodes(robot, bundle):
    found = measure(bundle, robot, 'delay:1', episodes=3, seed=4)
    controller = Controller(PolicyRunner(bundle), robot)
    episodes = run_episodes(controller, robot, parse('delay:1'), 3, 4)
    assert found.returns == tuple(episode.total for episode in episodes)
    assert found.steps == tuple(episode.steps for episode in episodes)
    assert found.fallen == (True, True, True)
    assert found.to_dict()['seed'] == 4
    again = measure(bundle, robot, 'delay:1', episodes=3, seed=4)
    assert again == found


def test_a_score_summarises_the_returns(robot, bundle):
    found = measure(bundle, robot, episodes=3, seed=4)
    summary = found.score(reference=100.0)
    assert summary['return_mean'] == round(np.mean(found.returns), 1)
    assert summary['return_min'] == round(min(found.returns), 1)
    assert summary['return_low'] <= summary['return_mean'] <= summary['return_high']
    assert summary['percent'] == pytest.approx(summary['return_mean'])
    assert (summary['falls'], summary['episodes'], summary['seed']) == (3, 3, 4)
    assert 'percent' not in found.score()
    assert 'return_low' not in measure(bundle, robot, episodes=1).score()


def test_a_suite_is_scored_fault_by_fault(robot, bundle):
    shown = []
    suite = SCORES.only('two', 'a test', 'none', 'delay:1')
    found = score(bundle, robot, suite, 2, 4, report=lambda share, text: shown.append(text))
    assert isinstance(suite, Suite)
    assert list(found) == shown[:-1] == ['none', 'delay:1']
    assert found == score(bundle, robot, ('none', 'delay:1'), 2, 4)
    assert teacher_return(bundle, robot, 2, 4) == pytest.approx(
        found['none']['return_mean'], abs=0.05
    )


def test_an_unknown_fault_is_refused(robot, bundle):
    with pytest.raises(FaultError, match="did you mean 'delay'"):
        measure(bundle, robot, 'dely:1')


def test_a_return_that_is_not_finite_is_named(robot, bundle, monkeypatch):
    step = World.step
    monkeypatch.setattr(World, 'step', lambda *given: (math.nan, step(*given)[1]))
    with pytest.raises(ValueError, match=r'walker2d: episode of seed 4, step 1: .* found nan'):
        measure(bundle, robot, episodes=1, seed=4)


@pytest.mark.parametrize(
    'arguments', [('score', 'cfc', '--episodes', '1', '--fault', 'none'), ('card', 'cfc')]
)
def test_the_verbs_need_no_package_of_training(arguments):
    done = subprocess.run(
        [sys.executable, str(HIDDEN), TRAINING, 'train', *arguments],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'cfc' in done.stdout


def test_hopper_is_scored_without_training(tmp_path):
    code = (
        f'import sys; sys.path.insert(0, {str(HIDDEN.parent)!r}); import hidden;'
        f'sys.meta_path.insert(0, hidden.Hide({TRAINING.split(",")!r}));'
        'from support import make_bundle; from liquid_control import paths;'
        'from liquid_control.control import Contract; from liquid_control.evaluation import score;'
        'robot = Contract.load(paths.robot("hopper"));'
        'asked = robot.asking("joint_position", "previous_action");'
        f'bundle = make_bundle({str(tmp_path / "untrained.onnx")!r}, asked);'
        'print(score(bundle, robot, ("none", "gaussian:0.1"), 2)["none"]["falls"])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.split() == ['2'], done.stderr
