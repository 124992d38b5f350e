"""inspect prints what is in a bundle or a contract: a screen of it, or everything."""

import json
import re

import pytest
from support import ROBOT, STUDENT, arm, make_bundle

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle


@pytest.fixture
def bundle(tmp_path):
    return make_bundle(tmp_path / 'toy.onnx', STUDENT)


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')


@pytest.mark.parametrize('name', [*paths.policies('walker2d'), *paths.robots()])
def test_what_ships_fits_a_screen(name, capsys):
    assert cli.main(['inspect', name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


def test_the_screen_says_what_it_is_for_whom_and_how_good(capsys):
    assert cli.main(['inspect', 'cfc']) == 0
    printed = capsys.readouterr().out
    read = Bundle.read(paths.policy('cfc', 'walker2d'))
    for text in ('cfc.onnx: cfc, a policy', 'walker2d, 125 Hz', 'joint_position (8)',
                 'position of joint_states', '0.92 to 1.28 periods', 'delay:3: ',
                 f'{read.scores["none"]["return_mean"]:.0f}', '--verbose'):  # fmt: skip
        assert text in printed
    assert read.sha256 in printed
    assert printed.index('delay:2') < printed.index('delay:3')


@pytest.mark.parametrize(
    ('field', 'said'),
    [('positon', "did you mean 'position'"), ('header', 'expected a list of numbers')],
)
def test_a_field_that_is_not_there_is_refused(tmp_path, capsys, field, said):
    data = arm()
    data['observation'][0]['field'] = field
    (tmp_path / 'arm.yaml').write_text(json.dumps(data))
    assert cli.main(['inspect', str(tmp_path / 'arm.yaml')]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert 'topic joint_states: sensor_msgs/msg/JointState' in told


def test_a_type_that_is_not_known_is_told(tmp_path, capsys):
    data = arm()
    data['observation'][1]['type'] = 'my_robot/msg/Imu'
    (tmp_path / 'arm.yaml').write_text(json.dumps(data))
    assert cli.main(['inspect', str(tmp_path / 'arm.yaml')]) == 0
    assert 'my_robot/msg/Imu is not known here' in capsys.readouterr().out


def test_a_bundle_with_all_it_says_in_80_columns(bundle, capsys):
    assert cli.main(['inspect', str(bundle), '--verbose']) == 0
    printed = capsys.readouterr().out
    read = Bundle.read(bundle)
    for text in ('untrained', '0.008 s', 'Provenance', f'{bundle.stat().st_size:,} bytes'):
        assert text in printed
    squeezed = re.sub(r'\s', '', printed)
    assert read.sha256 in squeezed
    assert read.contract.hash in squeezed
    for term in STUDENT.terms:
        for channel in term.channels:
            assert channel in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_the_json_holds_the_same(bundle, tmp_path, capsys):
    out = tmp_path / 'out.json'
    assert cli.main(['inspect', str(bundle), '--json', str(out)]) == 0
    data = json.loads(out.read_text())
    read = Bundle.read(bundle)
    assert data['contract'] == STUDENT.to_dict()
    assert data['contract_hash'] == STUDENT.hash
    assert (data['sha256'], data['bytes']) == (read.sha256, bundle.stat().st_size)
    assert (data['cell'], data['counts']) == (read.cell, read.counts)


def test_a_robot_by_name_shows_its_contract_numbered(capsys):
    assert cli.main(['inspect', 'walker2d', '--verbose']) == 0
    printed = capsys.readouterr().out
    last = ROBOT.observation_size - 1
    assert re.search(rf'^\s+{last}\s+foot_left_joint\s+rad/s', printed, re.MULTILINE)
    assert '-10 … 10' in printed


@pytest.mark.parametrize('content', [b'no model', None])
def test_what_is_no_bundle_is_named_and_fails(bundle, tmp_path, capsys, content):
    path = tmp_path / 'broken.onnx'
    path.write_bytes(bundle.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match=r'broken\.onnx') as error:
        Bundle.read(path)
    assert cli.main(['inspect', str(path)]) == 1
    assert str(error.value) in capsys.readouterr().err


def test_an_unknown_name_lists_the_policies(capsys):
    assert cli.main(['inspect', 'cfk']) == 1
    assert 'expert' in capsys.readouterr().err
