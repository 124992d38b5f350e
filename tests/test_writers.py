"""Files are written by :mod:`liquid_control.files` alone, so that none is left half written."""

import ast
from pathlib import Path

import pytest

import liquid_control

ROOT = Path(liquid_control.__file__).parent
WRITERS = {'write_text', 'write_bytes', 'savefig', 'copyfile', 'copy', 'copy2', 'copytree', 'move',
           'write_frames', 'save_file', 'save_model', 'tofile', 'savetxt', 'savez',
           'savez_compressed', 'ZipFile', 'symlink_to', 'to_csv', 'rename',
           'replace', 'dump', 'NamedTemporaryFile'}  # fmt: skip
"""Names of functions that may write to a path. A rosbags Writer refuses one that exists."""
SAVERS = {'torch', 'onnx', 'np', 'program'}
"""Whose ``save`` writes."""
KNOWN = {
    ('files.py', 'open'): 'what is no file',
    ('files.py', 'replace'): 'the mechanism',
    ('bags/storage/unpack.py', 'open'): 'a temporary folder',
    ('bags/storage/sqlite.py', 'open'): 'a temporary folder',
    ('bags/storage/sqlite.py', 'copyfile'): 'a temporary folder',
    ('nodes/graph.py', 'open'): 'logs of the processes of a new run',
    ('training/checkpoint.py', 'save'): 'returns bytes',
    ('training/journal.py', 'open'): 'appends lines to a log',
}


def writes(path: Path) -> set[str]:
    """Names of the calls in a module that may write to a path."""
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and 'replacing(' in ast.unparse(block.items[0])
        for statement in block.body
        for node in ast.walk(statement)
    }
    buffers = {
        ast.unparse(node.targets[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(('io.', 'BytesIO'))
    }
    nodes = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and id(node) not in inside
        and not buffers & set(map(ast.unparse, node.args))
    )
    return set(filter(None, map(_written, nodes)))


def _written(node: ast.Call) -> str | None:
    name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
    owner = ast.unparse(node.func).split('.')[0]
    if name == 'open':
        return name if _writing(node) else None
    if name == 'save':
        return name if owner in SAVERS or 'safetensors' in owner else None
    if name == 'replace':  # a string's takes two values, a dataclass's and a date's take keywords
        return name if len(node.args) == 1 and not node.keywords else None
    if name in ('copy', 'dump', 'move'):
        streams = len(node.args) > 1 or owner == 'shutil'
        return name if streams and owner != 'ast' else None
    return name if name in WRITERS else None


def _writing(call: ast.Call) -> bool:
    """Whether a call of ``open`` names a mode that writes."""
    given = [*call.args, *(word.value for word in call.keywords)]
    modes = [each.value for each in given if isinstance(each, ast.Constant)]
    return any(isinstance(m, str) and m.strip('rbt') and set(m) <= set('rwaxbt+') for m in modes)


@pytest.mark.parametrize('path', sorted(ROOT.rglob('*.py')), ids=lambda path: path.stem)
def test_no_module_writes_a_file_on_its_own(path):
    name = str(path.relative_to(ROOT))
    found = {call for call in writes(path) if (name, call) not in KNOWN}
    assert not found, f'{name} calls {found}: use liquid_control.files'


def test_what_is_known_is_there():
    for name, call in KNOWN:
        assert call in writes(ROOT / name), f'{name} no longer calls {call}'


@pytest.mark.parametrize(
    'code',
    ['Path(p).write_text("x")', 'open(p, "w")', 'p.open(mode="wb")', 'figure.savefig(p)',
     'json.dump(x, f)', 'onnx.save(m, p)', 'torch.save(m, p)', 'shutil.copy(a, b)', 'a.replace(b)',
     'np.savez(p, **x)', 'open(p, "r+b")', 'open(p, "a")'],
)  # fmt: skip
def test_a_direct_write_is_noticed(tmp_path, code):
    (tmp_path / 'module.py').write_text(code)
    assert writes(tmp_path / 'module.py')


@pytest.mark.parametrize(
    'code',
    ['with replacing(p) as q:\n    figure.savefig(q)', 'open(p)', 'p.open("rb")',
     'out = io.BytesIO()\nnp.savez(out, **x)', 's.replace("a", "b")', 'dataclasses.replace(x, y=1)',
     'x.copy()', 'json.dumps(x)'],
)  # fmt: skip
def test_reading_is_no_write(tmp_path, code):
    (tmp_path / 'module.py').write_text(code)
    assert not writes(tmp_path / 'module.py')
