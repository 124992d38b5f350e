"""A policy that stops driving ends the walk at once, with its reason."""

import pytest

pytest.importorskip('rclpy')

from counting import failing

from liquid_control import paths
from liquid_control.control import Contract
from liquid_control.evaluation.metrics import load_metrics

AT_ONCE = -1
"""Steps after which a policy fails that never takes one."""
WHY = "the policy's state is not finite"


@pytest.fixture
def run(start, tmp_path):
    def begin(steps, *arguments):
        contract = Contract.load(paths.robot('walker2d')).asking('joint_position')
        policy = failing(tmp_path / 'broken.onnx', contract, 'state', steps)
        process = start('--policy', policy, '--seconds', '120', '--episodes', '2',
                        '--out', tmp_path / 'run', *arguments)  # fmt: skip
        said, _ = process.communicate(timeout=100)
        assert process.returncode == 1, said
        return ' '.join(said.split())

    return begin


@pytest.mark.parametrize('mode', ['lockstep', 'realtime'])
def test_a_policy_that_fails_ends_its_walk(run, tmp_path, mode):
    said = run(9, '--mode', mode)
    assert f': the policy stopped driving: {WHY}.' in said
    metrics = load_metrics(tmp_path / 'run')
    assert not metrics['complete']
    assert metrics['why'] == f'the policy stopped driving: {WHY}'
    (episode,) = metrics['episodes']
    assert not episode['complete']
    if mode == 'lockstep':
        assert episode['steps'] == 12  # ten answers, the stop, and nothing after it
    else:
        assert 10 < episode['steps'] < 1000


def test_it_ends_without_a_recording_too(run):
    assert f'the policy stopped driving: {WHY}; ' in run(9, '--mode', 'realtime', '--no-record')


@pytest.mark.parametrize('more', [(), ('--no-record', '--fault', 'gaussian:0.1')])
def test_failing_at_the_first_observation(run, more):
    said = run(AT_ONCE, '--mode', 'realtime', *more)
    assert f'the policy stopped driving at its first observation: {WHY}' in said


def test_lockstep_ends_after_the_first_answer(run, tmp_path):
    assert f': the policy stopped driving: {WHY}.' in run(AT_ONCE, '--mode', 'lockstep')
    assert load_metrics(tmp_path / 'run')['episodes'][0]['steps'] == 2
