"""A folder of recordings is no recording, and says which are in it."""

import pytest

from liquid_control.bags.bag import Bag, BagError
from liquid_control.cli import main as cli


@pytest.fixture
def runs(tmp_path):
    """A folder with ten run folders, and one that holds no bag."""
    for number in range(10):
        bag = tmp_path / 'runs' / f'walk{number}' / 'bag'
        bag.mkdir(parents=True)
        (bag / 'bag.mcap').touch()
    (tmp_path / 'runs' / 'notes').mkdir()
    return tmp_path / 'runs'


def test_the_recordings_are_named(runs):
    names = ', '.join(f'walk{number}' for number in range(8))
    expected = f'{runs}: a folder of recordings, {names} and 2 more: expected one of them, such as '
    with pytest.raises(BagError) as raised:
        Bag(runs)
    assert str(raised.value) == f'{expected}{runs}/walk0'


@pytest.mark.parametrize('more', [[], ['--policy', 'cfc', '--robot', 'walker2d']])
def test_replay_names_them_first(runs, capsys, more):
    assert cli.main(['replay', str(runs), *more]) == 1
    assert 'a folder of recordings, walk0, walk1' in capsys.readouterr().err


def test_a_folder_without_any_is_told_apart(tmp_path):
    with pytest.raises(BagError, match='no bag here'):
        Bag(tmp_path)
