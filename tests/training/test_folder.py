"""The folder of a training's checkpoints: one process at a time, and only its own files cleared."""

import subprocess
import sys

import pytest

from liquid_control.run_folder import alone_in
from liquid_control.training.folder import checkpoint_folder, clear, how_to_resume

FILES = ('checkpoint', 'fine_tuning', 'all', 'without-0', 'chunks/000123')
FOREIGN = (
    'thesis.tex', 'mine.safetensors', 'chunks/mine.safetensors', 'checkpoint.safetensors.bak',
    'without-mask.safetensors',
)  # fmt: skip


def fill(folder, names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('x')


def test_second_process_is_refused(tmp_path):
    code = (
        'import sys; from pathlib import Path; from liquid_control.run_folder import alone_in;'
        'context = alone_in(Path(sys.argv[1])); context.__enter__()'
    )
    with alone_in(tmp_path):
        done = subprocess.run(
            [sys.executable, '-c', code, str(tmp_path)], capture_output=True, text=True, timeout=120
        )
        assert f'{tmp_path}: another process is working there' in done.stderr
        with (
            pytest.raises(ValueError, match='another process is working there'),
            alone_in(tmp_path),
        ):
            pass
    with alone_in(tmp_path):
        pass


def test_only_own_files_are_cleared(tmp_path):
    folder = tmp_path / 'cfc.training'
    fill(folder, [f'{name}.safetensors' for name in FILES])
    fill(folder, ['checkpoint.safetensors.partial'])
    clear(folder)
    assert not folder.exists()
    fill(folder, [*(f'{name}.safetensors' for name in FILES), *FOREIGN])
    clear(folder)
    kept = [str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file()]
    assert sorted(kept) == sorted(FOREIGN)


def interrupted(out, *names):
    """Write files of a training, then stop it."""
    with checkpoint_folder(None, out) as folder:
        fill(folder, names)
        raise KeyboardInterrupt


def test_folder_beside_a_bundle_is_cleared(tmp_path):
    out, place = tmp_path / 'cfc.onnx', tmp_path / 'cfc.training'
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    assert not place.exists(), 'nothing was written'
    assert how_to_resume(None, out).startswith('stopped before the first checkpoint')
    with pytest.raises(KeyboardInterrupt):
        interrupted(out, 'checkpoint.safetensors')
    assert how_to_resume(None, out) == 'stopped; the same command resumes from the last checkpoint'
    with checkpoint_folder(None, out):
        pass
    assert not place.exists()


def test_a_given_folder_is_kept(tmp_path):
    with checkpoint_folder(tmp_path, tmp_path / 'cfc.onnx'):
        fill(tmp_path, ['checkpoint.safetensors'])
    assert (tmp_path / 'checkpoint.safetensors').is_file()
