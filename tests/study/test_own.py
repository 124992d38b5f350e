"""``study own`` names what is wrong with FILE.py:CLASS, and ``study --list`` how to call it."""

import pytest

from liquid_control.cli import main as cli


@pytest.mark.parametrize(
    ('source', 'says'),
    [
        ('{}/mine.py', "mine.py', without a class"),
        ('{}/none.py:Mine', 'none.py: no such file'),
        ('{}/mine.txt:Mine', 'expected FILE.py:CLASS, found'),
        ('{}/mine.py:Mine', 'expected a class Mine derived from StudyData, found none'),
    ],
)
def test_a_wrong_source_is_named(tmp_path, monkeypatch, capsys, source, says):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'mine.py').write_text('')
    command = ['study', 'own', source.format(tmp_path), '--data', str(tmp_path)]
    assert cli.main(command) == 1
    assert says in capsys.readouterr().err


def test_own_is_listed(capsys):
    assert cli.main(['study', '--list']) == 0
    assert 'study own FILE.py:CLASS --data PATH' in capsys.readouterr().out
