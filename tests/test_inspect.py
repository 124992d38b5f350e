"""inspect prints everything in a bundle or a contract."""

import json
import re

import pytest
from support import ROBOT, STUDENT, make_bundle

from liquid_control import cli
from liquid_control.control import Bundle


@pytest.fixture
def bundle(tmp_path):
    return make_bundle(tmp_path / 'toy.onnx', STUDENT)


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')


def test_a_bundle_with_all_it_says_in_80_columns(bundle, capsys):
    assert cli.main(['inspect', str(bundle)]) == 0
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
    assert cli.main(['inspect', 'walker2d']) == 0
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
