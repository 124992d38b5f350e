"""doctor reports what a machine lacks, and fails only if the demo could not run."""

import json

import pytest
from support import STUDENT, make_bundle, ros_domain

from liquid_control import paths
from liquid_control.cli import doctor, probes
from liquid_control.cli import main as cli
from liquid_control.cli.doctor import Finding


@pytest.mark.parametrize(
    ('finding', 'state'),
    [
        (doctor.python((3, 10)), 'ok'),
        (doctor.python((3, 9)), 'missing'),
        (doctor.python((3, 14)), 'missing'),
        (doctor.disk(50.0), 'ok'),
        (doctor.disk(0.2), 'warning'),
        (doctor.priority(lambda: ''), 'ok'),
        (doctor.priority(lambda: 'Operation not permitted'), 'warning'),
        (doctor.discovery({}), 'ok'),
        (doctor.discovery({'ROS_DOMAIN_ID': '7'}), 'ok'),
        (doctor.discovery({'ROS_DOMAIN_ID': '300'}), 'missing'),
        (doctor.discovery({'ROS_DOMAIN_ID': 'x'}), 'missing'),
        (doctor.discovery({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}), 'missing'),
        (doctor.package('numpy', 'counts', True), 'ok'),
        (doctor.package('no-such-package', 'is not', True), 'missing'),
        (doctor.simulated(None, 'no mujoco'), 'missing'),
    ],
)
def test_findings(finding, state):
    assert finding.state == state
    assert bool(finding.advice) == (state != 'ok')


def test_a_broken_robot_is_no_missing_mujoco(monkeypatch):
    def broken(name):
        raise ValueError('k.py: ROBOT: expected a SimulatedRobot, found none')

    monkeypatch.setattr('liquid_control.sim.simulated_robot', broken)
    finding = doctor.simulated(probes.simulate(), '')
    assert (finding.what, finding.state) == ('Simulated robots', 'missing')
    assert finding.text.startswith('k.py: ROBOT')
    assert 'mend this file' in finding.advice


def test_who_else_is_in_the_domain():
    answer = {'heard': True, 'seconds': 0.2, 'rmw': 'rmw', 'others': ['/policy', '/talker']}
    messages, domain = doctor.conversation(answer, '', {'ROS_DOMAIN_ID': '9'})
    assert messages.state == 'ok'
    assert domain.state == 'warning'
    assert '/policy' in domain.text
    assert '/talker' not in domain.text
    (silent,) = doctor.conversation({**answer, 'heard': False}, '', {})
    assert silent.state == 'missing'
    assert silent.needed


def test_a_probe_that_breaks_is_a_complaint():
    answer, complaint = doctor.Probe('no_such_probe').result()
    assert answer is None
    assert 'no_such_probe' in complaint


def test_the_right_to_a_priority_is_tried_not_guessed():
    answer, complaint = doctor.Probe('schedule').result()
    assert complaint == ''
    finding = doctor.priority(lambda: answer['refused'])
    assert finding.state == ('warning' if answer['refused'] else 'ok')
    assert 'rtprio' in finding.advice or not finding.advice


def test_policies_that_are_not_there_or_damaged(tmp_path, monkeypatch):
    cfc = make_bundle(tmp_path / 'cfc.onnx', STUDENT)
    damaged = tmp_path / 'gru.onnx'
    damaged.write_bytes(cfc.read_bytes()[:-9])
    monkeypatch.setattr(paths, 'policies', lambda robot: {'cfc': cfc, 'gru': damaged})
    found = {f.what: f for f in doctor.policies()}
    assert found['Policies'] == Finding('Policies', 'ok', '1 fit walker2d: cfc')
    assert found['Policy lstm'].state == 'missing'
    assert found['Policy lstm'].needed
    assert (found['Policy gru'].state, found['Policy gru'].needed) == ('missing', False)


@pytest.mark.parametrize(('needed', 'code'), [(False, 0), (True, 1)])
def test_fails_only_where_the_demo_cannot_run(monkeypatch, tmp_path, capsys, needed, code):
    monkeypatch.setattr(
        doctor, 'examine', lambda: [Finding('thing', 'missing', 'gone', 'get [it]', needed)]
    )
    out = tmp_path / 'doctor.json'
    assert cli.main(['doctor', '--json', str(out)]) == code
    assert 'get [it]' in capsys.readouterr().out
    data = json.loads(out.read_text())
    assert data['demo'] == (code == 0)
    assert data['findings'][0]['what'] == 'thing'
    assert {'machine', 'versions', 'command'} <= data['provenance'].keys()


def test_on_this_machine_processes_hear_each_other(monkeypatch):
    pytest.importorskip('rclpy')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(ros_domain()))
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'UDPv4')
    found = {finding.what: finding for finding in doctor.examine()}
    assert found['Messages'].state == 'ok', found['Messages']
    assert found['MuJoCo'].state == 'ok', found['MuJoCo']
