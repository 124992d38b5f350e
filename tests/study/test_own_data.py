"""A data set of the user's own that does not suit: each mistake is one line that names it."""

import hashlib
import sys

import numpy as np
import pytest

from liquid_control.cli import main as cli
from liquid_control.study.sequences import DataError, Sequences

SOURCE = """
from dataclasses import replace
import numpy as np
from liquid_control.study.sequences import Sequences, Split, StudyData

def part(count=4, channels=2, targets=2):
    ones = np.ones((count, 3, 1), np.float32)
    return Sequences(
        ones.repeat(channels, 2), ones, ones.repeat(targets, 2), np.ones((count, 3), bool)
    )

class Base(StudyData):
    name, title, split = 'mine', 'mine', (part(), part(), part(), 'abc')
    def __init__(self, folder): pass
    def load(self): return Split(*self.split)
    def scores(self, output, sequences): return {'mse': 0.0}

class Mine(Base):
    CHANGE
"""


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        ("def load(self): return {}['k']", "Mine.load: KeyError: 'k' ("),
        ('def load(self): return None', 'Mine.load: expected a Split, found NoneType'),
        ("name = '../mine'", "Mine.name: expected the name of a folder, found '../mine'"),
        ('title = None', 'Mine: expected an attribute title'),
        ("split = part(), part(), 1, 'abc'", 'test: expected Sequences, found int'),
        ('split = part(), part(), part(), 1', 'sha256: expected a text, found 1'),
        ("split = part(), part(4, 3, 3), part(), 'a'", 'validation: x: expected 2 channels'),
        (
            "split = (part(targets=1),) * 3 + ('a',)",
            'target: expected shape (4, 3, 2), the frame after each',
        ),
        (
            'def load(self): slow = replace(part(), elapsed=300 * part().elapsed); '
            "return Split(slow, slow, slow, 'a')",
            'a median of about 1, found a median of 300: divide them by it',
        ),
        ('binary = True', 'binary data need shape (4, 1), found (4, 3, 2)'),
        ('import nonsense', "cannot be imported: ModuleNotFoundError: No module named 'nonsense'"),
        ('def load(self: pass', 'cannot be imported: SyntaxError'),
        ('def __init__(self): pass', 'is called with the path of --data, and cannot be: '),
    ],
)
def test_mistakes_are_named(change, says, tmp_path, capsys, monkeypatch):
    path = (
        tmp_path / f'mine_{hashlib.sha256(change.encode()).hexdigest()[:8]}.py'
    )  # imported once each
    path.write_text(SOURCE.replace('CHANGE', change))
    monkeypatch.setattr('sys.path', [*sys.path])
    out = tmp_path / 'out'
    command = ['study', 'own', f'{path}:Mine', '--data', str(tmp_path), '--out', str(out)]
    assert cli.main(command) == 1
    assert says in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ('name', 'says'),
    [
        ('statistics', 'another module has the name statistics'),
        ('time', 'another module has the name time'),
        ('my.data', 'without dots and dashes'),
    ],
)
def test_a_name_that_cannot_be_imported_is_refused(name, says, tmp_path, capsys, monkeypatch):
    path = tmp_path / f'{name}.py'
    path.write_text(SOURCE.replace('CHANGE', 'pass'))
    monkeypatch.setattr('sys.path', [*sys.path])
    assert cli.main(['study', 'own', f'{path}:Mine', '--data', str(tmp_path)]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ('name', 'values', 'says'),
    [
        ('x', [[1.0]], 'x: expected an array of float32, found list'),
        ('target', np.ones((4, 3, 2)), 'target: expected an array of float32, found float64'),
        ('present', np.ones((4, 3), int), 'present: expected an array of bool, found int64'),
        ('elapsed', -np.ones((4, 3, 1), np.float32), 'sequence 0: elapsed: expected more than 0'),
        ('elapsed', np.full((4, 3, 1), np.nan, np.float32), r'0: elapsed\[0, 0, 0\]: .*found nan$'),
        (
            'x',
            np.where(np.arange(24).reshape(4, 3, 2) == 9, np.nan, 1.0).astype(np.float32),
            r'sequence 1: x\[1, 1, 1\]: .*found nan; where nothing was measured put 0, and False',
        ),
        ('names', 'abcd', "names: expected 4 texts or none, found 'abcd'"),
        ('names', ['a', 'b'], r"names: expected 4 texts or none, found \['a', 'b'\]"),
        ('names', [1, 2, 3, 4], 'names: expected 4 texts or none'),
    ],
)
def test_arrays_of_wrong_types_and_times(name, values, says):
    ones = np.ones((4, 3, 1), np.float32)
    arrays = {'x': ones.repeat(2, 2), 'elapsed': ones, 'target': ones.repeat(2, 2)}
    arrays |= {'present': np.ones((4, 3), bool), name: values}
    with pytest.raises(DataError, match=says):
        Sequences(**arrays)
