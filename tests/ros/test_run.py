"""liquid-control run, as a user starts it and when things go wrong."""

import json
import os
import signal
import time

import pytest

pytest.importorskip('rclpy')

from peer import Participant
from started_run import child, children, heard, wait_until_walking
from std_srvs.srv import Trigger

from liquid_control.bags.bag import Bag
from liquid_control.evaluation.metrics import load_metrics

WHY_POLICY = 'the policy node was ended by SIGKILL'


def test_a_run_walks_is_measured_and_leaves_its_folder(start, tmp_path):
    out, json_file = tmp_path / 'run', tmp_path / 'figures.json'
    process = start('--policy', 'lstm', '--mode', 'lockstep', '--fault', 'gaussian:0.05',
                    '--out', out, '--json', json_file)  # fmt: skip
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    metrics = json.loads(json_file.read_text())
    assert metrics['complete']
    assert metrics['figures']['return_mean'] > 0
    assert metrics['run']['provenance']['command'].endswith(json_file.name)
    for name in ('run.json', 'metrics.json', 'report.html', 'params.yaml', 'bag', 'log'):
        assert (out / name).exists(), name


def test_a_monitor_that_stood_still_for_a_while_has_lost_nothing(start, tmp_path):
    process = start('--policy', 'lstm', '--mode', 'lockstep', '--episodes', '3', '--out', tmp_path)
    wait_until_walking(tmp_path, process)
    monitor = child(process, 'monitor')
    os.kill(monitor, signal.SIGSTOP)
    time.sleep(8.0)  # longer than the walks, and than any retransmission of lost messages
    os.kill(monitor, signal.SIGCONT)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    metrics = load_metrics(tmp_path)
    steps = sum(episode['steps'] for episode in metrics['episodes'])
    assert len(metrics['episodes']) == 3
    assert metrics['counts']['answered'] == steps > 1000


def test_a_policy_that_was_stopped_is_said_first(start, tmp_path):
    out = tmp_path / 'run'
    process = start('--mode', 'realtime', '--seconds', '6', '--robot', 'halfcheetah', '--out', out)
    wait_until_walking(out, process, reports=1)
    operator = Participant('operator')
    try:
        assert operator.services.call(Trigger, 'policy/stop').success
    finally:
        operator.close()
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 1, said
    _, summary = said.split(f'recorded in {out}')
    why = 'expert in real time: the policy stopped driving: '
    assert ' '.join(summary.split()).startswith(why)
    assert why in (out / 'report.html').read_text()


def test_interrupted_it_ends_cleanly_and_keeps_what_was_recorded(start, tmp_path):
    process = start('--out', tmp_path, '--episodes', '20')
    wait_until_walking(tmp_path, process)
    started = list(children(process).values())
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 130, said
    assert 'Traceback' not in said
    metrics = load_metrics(tmp_path)
    assert not metrics['complete']
    assert metrics['why'] == 'interrupted'
    assert metrics['counts']['answered'] >= 20
    bag = Bag(tmp_path)
    assert list(list(bag.messages('commands'))[-1].data) == [0.0] * 6, 'the safe action is last'
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_domain_in_use_is_refused_and_who_uses_it_is_not_disturbed(start, tmp_path):
    lasting = ('--episodes', '200')
    first = start('--out', tmp_path / 'first', '--fault', 'gaussian:0.01', *lasting)
    wait_until_walking(tmp_path / 'first', first)
    time.sleep(10.0)  # it then keeps running, whatever it finds
    second = start('--out', tmp_path / 'second', '--fault', 'gaussian:0.01', *lasting)
    said, _ = second.communicate(timeout=240)
    assert second.returncode == 1
    assert 'runs in this ROS domain' in said.replace('\n', ' ')
    assert 'recorded' not in said
    assert sorted(path.name for path in (tmp_path / 'second').iterdir()) == ['log', 'params.yaml']
    wait_until_walking(tmp_path / 'first', first, heard(tmp_path / 'first') + 1)
    first.send_signal(signal.SIGINT)
    said, _ = first.communicate(timeout=240)
    assert first.returncode == 130, said
    assert load_metrics(tmp_path / 'first')['why'] == 'interrupted'
    again = start('--out', tmp_path / 'second', '--seconds', '0.4')
    said, _ = again.communicate(timeout=240)
    assert again.returncode == 0, said


@pytest.mark.parametrize('name', ['sim', 'policy'])
def test_a_node_that_dies_is_named_and_nothing_recorded_is_lost(start, tmp_path, name):
    process = start('--out', tmp_path, '--episodes', '20')
    wait_until_walking(tmp_path, process)
    os.kill(child(process, name), signal.SIGKILL)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    why, _, where = said.replace('\n', ' ').partition('; recorded until then: ')
    assert f'the {name} node was ended by SIGKILL' in why
    assert where.strip() == str(tmp_path)
    metrics = load_metrics(tmp_path)
    assert not metrics['complete']
    assert metrics['why'] == f'the {name} node was ended by SIGKILL'
    assert metrics['run']['ended'] == metrics['why']
    assert metrics['counts']['answered'] >= 20


def test_a_node_that_dies_before_the_monitor_has_begun_is_named_too(start, tmp_path):
    process = start('--out', tmp_path)
    end = time.monotonic() + 120.0
    while not any('policy_node' in arguments for arguments in children(process)):
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(child(process, 'policy'), signal.SIGKILL)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 1, said
    assert WHY_POLICY in said.replace('\n', ' ')
    if (tmp_path / 'run.json').exists():  # else the monitor was still importing
        assert load_metrics(tmp_path)['why'] == WHY_POLICY


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--policy', 'lstn'], "did you mean 'lstm'?"),
        (['--fault', 'dropped:2'], 'expected a number in [0, 1], found 2'),
        (['--fault', 'mass:2:head'], "unknown body 'head'"),
        (['--robot', 'spot'], 'unknown robot'),
        (['--robot', 'go2'], 'robot go2 is not simulated'),
        (['--robot', 'my/cfc.onnx'], 'robot my/cfc.onnx: is a policy, not a contract'),
        (['--policy', 'cfc,lstn'], "did you mean 'lstm'?"),
        (['--policy', 'cfc', '--fault', 'none,gausian'], "did you mean 'gaussian'?"),
        (['--policy', 'cfc,other/cfc.onnx'], 'are both named cfc'),
        (['--priority', '100'], "--priority: expected a whole number, 0 to 99, found '100'"),
        (['--episodes', '0'], "--episodes: expected a whole number, 1 or more, found '0'"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(start, tmp_path, arguments, said):
    process = start('--out', tmp_path / 'run', *arguments)
    text, _ = process.communicate(timeout=240)
    assert process.returncode in (1, 2)
    assert said in text.replace('\n', ' ')
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('mode', ['lockstep', 'realtime'])
def test_a_run_that_is_not_recorded_says_that_it_walked(start, tmp_path, mode):
    out = tmp_path / 'run'
    process = start('--no-record', '--mode', mode, '--seconds', '0.8', '--out', out)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    said = ' '.join(said.split())
    assert 'ran 100 steps in 1 episode, without falling' in said
    assert ('mean return' in said) == (mode == 'lockstep')
    assert ('deadlines' in said) == (mode == 'realtime')
    assert not (out / 'bag').exists()


def test_a_recording_is_never_overwritten(start, tmp_path):
    (tmp_path / 'bag').mkdir()
    process = start('--out', tmp_path)
    text, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    assert 'holds a recording already' in text
