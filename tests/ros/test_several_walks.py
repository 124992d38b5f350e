"""liquid-control run with several policies and faults: every walk, one report, one table."""

import json
import os
import signal

import pytest

pytest.importorskip('rclpy')

from peer import Participant
from started_run import child, wait_until_walking
from std_srvs.srv import Trigger

from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation import run_episodes
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.faults import parse
from liquid_control.paths import policy
from liquid_control.sim import simulated_contract

TWO = ('--policy', 'cfc,lstm', '--fault', 'none', '--fault', 'dropped:0.1')


def ended(process):
    said, _ = process.communicate(timeout=240)
    return process.returncode, said


def test_every_policy_walks_under_every_fault(start, tmp_path):
    out, json_file = tmp_path / 'run', tmp_path / 'runs.json'
    code, said = ended(start(*TWO, '--seconds', '0.8', '--out', out, '--json', json_file))
    names = ['cfc-clean', 'cfc-dropped_0.1', 'lstm-clean', 'lstm-dropped_0.1']
    timed = ['cfc-realtime', 'lstm-realtime']
    assert sorted(path.name for path in out.iterdir()) == sorted([*names, *timed, 'report.html'])
    runs = json.loads(json_file.read_text())['runs']
    modes = [run['run']['mode'] for run in runs]
    assert modes == ['lockstep'] * 4 + ['realtime'] * 2
    walked = [(run['run']['policy'], run['run']['fault']) for run in runs]
    faults = ['none', 'dropped:0.1']
    expected = [(policy, fault) for policy in ('cfc', 'lstm') for fault in faults]
    assert walked == [*expected, ('cfc', 'none'), ('lstm', 'none')]
    assert all(run['complete'] for run in runs[:4]), said
    assert all(run['timing']['periods'] for run in runs[4:])
    assert code == (0 if all(run['complete'] for run in runs) else 1), 'a busy machine may hide one'
    report = (out / 'report.html').read_text()
    assert 'lstm under dropped:0.1' in report
    assert 'lstm, in real time' in report

    robot = Contract.load(simulated_contract('walker2d'))
    controller = Controller(PolicyRunner(policy('lstm', 'walker2d')), robot)
    (one,) = run_episodes(controller, robot, parse('dropped:0.1'), steps=100)
    (walked,) = load_metrics(out / 'lstm-dropped_0.1')['episodes']
    assert walked['return'] == one.total, 'as in process'


def test_real_time_alone_is_every_walk_in_real_time(start, tmp_path):
    options = ('--mode', 'realtime', '--seconds', '0.4', '--out', tmp_path)
    code, said = ended(start('--policy', 'cfc', '--fault', 'none,dropped:0.1', *options))
    runs = [load_metrics(tmp_path / name) for name in ('cfc-clean', 'cfc-dropped_0.1')]
    assert [run['run']['mode'] for run in runs] == ['realtime'] * 2
    assert code == (0 if all(run['complete'] for run in runs) else 1)
    assert 'What the policies achieve' not in said


def test_the_others_go_on_after_a_walk_failed(start, tmp_path):
    json_file = tmp_path / 'runs.json'
    out = tmp_path / 'run'
    lasting = ('--mode', 'lockstep', '--episodes', '3', '--seconds', '4')
    process = start('--policy', 'cfc,lstm', *lasting, '--out', out, '--json', json_file)
    wait_until_walking(out / 'cfc-clean', process)
    os.kill(child(process, 'policy'), signal.SIGKILL)
    code, said = ended(process)
    assert code == 1, said
    assert 'cfc: failed: the policy node was ended by SIGKILL' in said
    cfc, lstm = json.loads(json_file.read_text())['runs']
    assert (cfc['complete'], lstm['complete']) == (False, True)
    assert cfc['why'] == 'the policy node was ended by SIGKILL'
    assert 'cfc (not complete)' in said
    assert len(lstm['episodes']) == 3


@pytest.mark.slow
def test_a_policy_has_the_name_it_is_given(start, tmp_path):
    named = f'mine={policy("cfc", "walker2d")}'
    options = ('--fault', 'none', '--mode', 'lockstep', '--seconds', '0.4')
    code, said = ended(start('--policy', f'{named},cfc', *options, '--out', tmp_path / 'two'))
    assert code == 0, said
    runs = [load_metrics(tmp_path / 'two' / name)['run'] for name in ('mine-clean', 'cfc-clean')]
    assert [run['policy'] for run in runs] == ['mine', 'cfc']
    assert runs[0]['bundle'] == runs[1]['bundle']
    code, said = ended(start('--policy', named, *options, '--out', tmp_path / 'one'))
    assert code == 0, said
    assert load_metrics(tmp_path / 'one')['run']['policy'] == 'mine'
    assert 'mine' in said


@pytest.mark.slow
def test_interrupted_it_reports_what_was_walked(start, tmp_path):
    out, json_file = tmp_path / 'run', tmp_path / 'runs.json'
    options = ('--mode', 'lockstep', '--episodes', '5', '--seconds', '2', '--json', json_file)
    process = start('--policy', 'cfc,lstm,gru', *options, '--out', out)
    wait_until_walking(out / 'lstm-clean', process)
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130, said
    assert 'interrupted; not walked: gru' in said
    assert 'Traceback' not in said
    cfc, lstm = json.loads(json_file.read_text())['runs']
    assert (cfc['complete'], lstm['complete'], lstm['why']) == (True, False, 'interrupted')
    assert 'lstm' in (out / 'report.html').read_text()
    assert not (out / 'gru-clean').exists()


def test_a_stop_is_noticed_without_a_recording(start, tmp_path):
    lasting = ('--seconds', '6', '--episodes', '20')  # it may fall beside a load
    process = start('--no-record', '--mode', 'realtime', *lasting, '--out', tmp_path)
    operator = Participant('operator')
    try:
        log = tmp_path / 'log' / 'sim.log'
        operator.until(lambda: log.exists() and '"step"' in log.read_text())
        assert operator.services.call(Trigger, 'policy/stop').success
    finally:
        operator.close()
    code, said = ended(process)
    assert code == 1, said
    assert 'in real time: the policy stopped driving: ' in ' '.join(said.split())
