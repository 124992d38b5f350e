"""``study all``: its list, and folders of data that are not there."""

import re

from liquid_control.cli import main as cli
from liquid_control.cli.study import kinds


def test_a_folder_that_is_not_there_is_named_at_once(tmp_path, capsys):
    out = tmp_path / 'out'
    assert cli.main(['study', 'all', '--data', str(tmp_path / 'no'), '--out', str(out)]) == 1
    assert f'--data {tmp_path / "no"}: no such folder' in capsys.readouterr().err
    assert not out.exists()


def test_the_list_has_every_study_and_needs_no_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(['study', 'all', '--list', '--quick']) == 0
    found = capsys.readouterr()
    lines = found.out.splitlines()
    assert [f'study {name}' for name in kinds.STUDIES] == [
        line for line in lines if line.startswith('study ')
    ]
    assert 'comparison-lstm-20000-seed0' in lines
    assert 'damped-sine-irregular-noise0.1/comparison-ltc-5000-seed0' in lines
    assert re.search(r'6 of 6 runs train for about \d+ core-seconds', found.err)
    assert not list(tmp_path.iterdir())
