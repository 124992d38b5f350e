"""The packages of this project import only those below them."""

import ast
from pathlib import Path

import pytest

import liquid_control

ROOT = Path(liquid_control.__file__).parent
FLOORS = (
    ('__init__', 'extras', 'files', 'lazy', 'modules', 'run_folder'),
    ('control', 'provenance'),
    ('cells', 'faults', 'jobs', 'message_types', 'paths'),
    ('sim',),
    ('bags', 'models'),
    ('evaluation',),
    ('replay',),
    ('report',),
    ('nodes', 'training'),
    ('benchmarks', 'study'),
    ('cli',),
    ('__main__',),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def imported(path: Path) -> set[str]:
    """The parts of this project imported anywhere in a module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('liquid_control'):
            _, *inside = node.module.split('.')
            found |= set(inside[:1] or [alias.name for alias in node.names])
    return {name for name in found if not name.startswith('__')}


@pytest.mark.parametrize('part', sorted(FLOOR))
def test_a_part_imports_from_below_alone(part):
    folder = ROOT / part
    for path in folder.rglob('*.py') if folder.is_dir() else [ROOT / f'{part}.py']:
        above = {name for name in imported(path) - {part} if FLOOR[name] >= FLOOR[part]}
        assert not above, f'{path.relative_to(ROOT)} imports {above}'


def test_every_part_has_its_floor():
    assert {
        path.stem for path in ROOT.iterdir() if path.name not in ('__pycache__', 'py.typed')
    } == set(FLOOR)


def test_every_test_file_has_a_name_of_its_own():
    """Without packages, pytest imports only one of two files of one name."""
    names = [path.name for path in Path(__file__).parent.rglob('test_*.py')]
    assert len(names) == len(set(names))
