"""Every shipped bundle: its contract fits, and it still walks as its card says."""

import numpy as np
import pytest

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import parse
from liquid_control.sim import simulated_robots

ROBOT = Contract.load(paths.robot('walker2d'))
POLICIES = paths.policies('walker2d')


def walk(name: str, episodes: int, fault: str = 'none') -> np.ndarray:
    controller = Controller(PolicyRunner(POLICIES[name]), ROBOT)
    seed = controller.runner.bundle.scores[fault]['seed']
    walks = run_episodes(controller, ROBOT, parse(fault), episodes, seed)
    return np.array([episode.total for episode in walks])


def test_those_of_the_first_release_are_there():
    liquid, gated = {'ltc', 'cfc', 'cfc_ncp', 'lrc', 'liquid_s4'}, {'lstm', 'gru', 'rnn'}
    assert {'expert', 'mlp', *liquid, *gated} <= set(POLICIES)
    assert sum(path.stat().st_size for path in POLICIES.values()) < 5_000_000


@pytest.mark.parametrize('name', POLICIES)
def test_a_bundle_has_its_card_and_fits_the_robot(name):
    bundle = PolicyRunner(POLICIES[name]).bundle
    assert bundle.contract.differences(ROBOT) == []
    assert bundle.provenance['command'].startswith('liquid-control train')
    assert bundle.scores['none']['return_mean'] >= 3000
    assert bundle.scores['none']['episodes'] >= 20


@pytest.mark.parametrize('name', [name for name in POLICIES if name != 'expert'])
def test_a_student_sees_no_velocity(name):
    terms = [term.name for term in PolicyRunner(POLICIES[name]).contract.terms]
    assert terms == ['joint_position', 'previous_action']


@pytest.mark.parametrize('name', POLICIES)
def test_it_can_be_traced(name):
    bundle = PolicyRunner(POLICIES[name]).bundle
    if name != 'expert':
        teacher = PolicyRunner(POLICIES['expert']).bundle
        assert bundle.provenance['teacher_sha256'] == teacher.sha256
    for word in (b'.py', b'/home/', b'/tmp/'):
        assert word not in bundle.graph, 'of the machine that made it there is no path in it'


@pytest.mark.parametrize('name', POLICIES)
def test_it_walks(name):
    """The first of the walks by which it was scored, none worse than the worst of its card."""
    worst = PolicyRunner(POLICIES[name]).bundle.scores['none']['return_min']
    assert walk(name, episodes=2).min() >= 0.95 * worst


def scored():
    """(policy, fault) of every closed-loop score in a bundle."""
    for name, path in POLICIES.items():
        scores = PolicyRunner(path).bundle.scores
        yield from ((name, fault) for fault, score in scores.items() if 'falls' in score)


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'fault'), list(scored()))
def test_it_reaches_the_return_of_its_card(name, fault):
    scores = PolicyRunner(POLICIES[name]).bundle.scores[fault]
    spread = scores['return_std'] / np.sqrt(20)
    found = walk(name, 20, fault).mean()
    assert found >= 0.98 * scores['return_mean'] - 4.0 * spread


@pytest.mark.parametrize('name', simulated_robots())
def test_every_simulated_robot_has_an_expert(name):
    """It fits its robot, was scored under faults, and moves as its scores say."""
    robot, path = Contract.load(paths.robot(name)), paths.policy('expert', name)
    bundle = PolicyRunner(path).bundle
    assert bundle.contract.differences(robot) == []
    assert [term.name for term in bundle.contract.terms] == ['joint_position', 'joint_velocity']
    assert bundle.provenance['command'].startswith('liquid-control train expert')
    assert bundle.settings['environment'] == name
    assert {'none', 'gaussian:0.1', 'dropped:0.1', 'delay:1'} <= set(bundle.scores)
    score = bundle.scores['none']
    assert score['return_mean'] >= 2500
    controller = Controller(PolicyRunner(path), robot)
    (episode,) = run_episodes(controller, robot, seed=score['seed'])
    assert episode.total >= 0.95 * score['return_min']
