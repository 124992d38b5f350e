"""``study all`` and folders of data that are not there."""

from liquid_control.cli import main as cli


def test_a_folder_that_is_not_there_is_named_at_once(tmp_path, capsys):
    out = tmp_path / 'out'
    assert cli.main(['study', 'all', '--data', str(tmp_path / 'no'), '--out', str(out)]) == 1
    assert f'--data {tmp_path / "no"}: no such folder' in capsys.readouterr().err
    assert not out.exists()
