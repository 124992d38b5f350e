"""A verb writes into a folder of its own: a new one, an empty one, or one it can resume."""

import pytest

from liquid_control.cli import main as cli
from liquid_control.run_folder import own_folder, run_folder


def test_a_new_or_an_empty_folder_is_its_own(tmp_path):
    assert run_folder(tmp_path / 'new', 'cfc') == tmp_path / 'new'
    assert not (tmp_path / 'new').exists(), 'it is made when there is something to write'
    assert run_folder(tmp_path, 'cfc') == tmp_path


@pytest.mark.parametrize('there', ['report.html', 'thesis.tex', 'verdict.json'])
def test_a_run_takes_no_folder_that_holds_something(tmp_path, there):
    (tmp_path / there).write_text('years of work')
    with pytest.raises(FileExistsError, match=f'holds {there}.*expected an empty or new folder'):
        run_folder(tmp_path, 'cfc')


def test_a_run_takes_no_folder_that_holds_a_recording(tmp_path):
    (tmp_path / 'bag').mkdir()
    with pytest.raises(FileExistsError, match='holds a recording already'):
        run_folder(tmp_path, 'cfc')


def test_a_start_that_failed_leaves_an_empty_folder(tmp_path):
    for walk in (tmp_path, tmp_path / 'cfc-clean'):
        (walk / 'log').mkdir(parents=True)
        (walk / 'log' / 'sim.log').touch()
        (walk / 'params.yaml').touch()
    assert run_folder(tmp_path, 'cfc') == tmp_path
    with pytest.raises(FileExistsError, match=r'holds cfc-clean, log, params\.yaml'):
        own_folder(tmp_path, 'verdict.json')


def test_parameters_without_logs_are_not_ours(tmp_path):
    (tmp_path / 'params.yaml').touch()
    with pytest.raises(FileExistsError, match=r'holds params\.yaml'):
        run_folder(tmp_path, 'cfc')


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='expected a folder, found a file'):
        run_folder(tmp_path / 'file', 'cfc')


def test_a_folder_with_the_mark_can_be_resumed(tmp_path):
    (tmp_path / 'report.html').touch()
    with pytest.raises(FileExistsError, match=r'or one that holds verdict\.json'):
        own_folder(tmp_path, 'verdict.json')
    (tmp_path / 'verdict.json').touch()
    assert own_folder(tmp_path, 'verdict.json') == tmp_path


@pytest.mark.parametrize(
    'arguments',
    [
        ['run', '--seconds', '1'],
        ['demo', '--seconds', '1'],
        ['replay', 'nothing'],
        ['train', 'policy', '--cell', 'cfc', '--seeds', '2'],
    ],
    ids=lambda words: words[0],
)
def test_a_report_of_another_verb_is_not_overwritten(tmp_path, capsys, arguments):
    report = tmp_path / 'report.html'
    report.write_text('years of work')
    assert cli.main([*arguments, '--out', str(tmp_path)]) != 0
    assert f'{tmp_path}: holds report.html' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['report.html']
    assert report.read_text() == 'years of work'
