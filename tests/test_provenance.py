"""Provenance: what was measured and on what, and files that are complete or absent."""

import datetime
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from liquid_control import provenance


def test_it_names_command_time_machine_and_versions(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['/home/me/bin/liquid-control', 'run', '--fault', 'a b'])
    found = provenance.provenance(seed=3)
    assert found['command'] == "liquid-control run --fault 'a b'"
    assert found['seed'] == 3
    assert datetime.datetime.fromisoformat(found['date']).utcoffset() == datetime.timedelta(0)
    assert found['machine']['cores'] >= 1
    assert found['machine']['memory_gb'] > 0
    assert found['versions']['numpy'] == np.__version__
    json.dumps(found, allow_nan=False)


def test_python_m_is_named_as_the_command(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['/src/liquid_control/__main__.py', 'run'])
    assert provenance.command() == 'liquid-control run'


def test_json_is_plain_and_a_nan_is_null(tmp_path):
    file = tmp_path / 'metrics.json'
    data = {
        'a': np.float32(0.5),
        'b': np.array([1.0, np.nan]),
        'c': (float('inf'), Path('x')),
        4: np.int64(2),
        'd': {'e': np.bool_(True)},
    }
    provenance.write_json(file, data)
    assert json.loads(file.read_text()) == {
        'a': 0.5, 'b': [1.0, None], 'c': [None, 'x'], '4': 2, 'd': {'e': True},
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == [file]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / 'metrics.json'
    provenance.write_json(file, {'a': 1})
    with pytest.raises(TypeError):
        provenance.write_json(file, {'a': object()})
    assert json.loads(file.read_text()) == {'a': 1}


def test_a_command_keeps_how_topics_were_renamed(monkeypatch):
    renamed = ['--observed', '/commands=/robot1/commands', '--observed=imu=/a/imu']
    monkeypatch.setattr(sys, 'argv', ['liquid-control', 'replay', *renamed])
    assert provenance.command() == ' '.join(sys.argv)


def test_a_command_does_not_tell_of_folders(monkeypatch):
    words = ['/opt/bin/liquid-control', 'run', '--out', '/home/me/runs/a b', '--json=/x/y.json',
             '--policy', 'made/cfc.onnx', '--fault', 'gaussian:0.1']  # fmt: skip
    monkeypatch.setattr('sys.argv', words)
    assert provenance.command() == (
        "liquid-control run --out 'a b' --json=y.json --policy made/cfc.onnx --fault gaussian:0.1"
    )
