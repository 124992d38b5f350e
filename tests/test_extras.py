"""A package that is missing is one line that names the command which installs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from liquid_control import extras
from liquid_control.cli import doctor

HIDDEN = Path(__file__).with_name('hidden.py')
ROOT = Path(extras.__file__).resolve().parents[2]


def without(modules: str, *argv: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, str(HIDDEN), modules, *argv]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    ('modules', 'argv', 'extra'),
    [
        ('torch', 'train policy --cell cfc --out x.onnx', 'train'),
        ('safetensors', 'train policy --cell cfc --out x.onnx', 'train'),
        ('stable_baselines3', 'train expert --out x.onnx', 'train'),
        ('gymnasium', 'train expert --out x.onnx', 'sim'),
        ('mujoco', 'train expert --out x.onnx', 'sim'),
        ('torch', 'train predictor --bag x --cell cfc --robot walker2d --out x.onnx', 'train'),
        ('torch', 'study walker2d-kinematics --data . --list', 'train'),
        ('torch', 'benchmark training', 'train'),
        ('ncps', 'benchmark training --cell cfc', 'train'),
        ('rclpy', 'run', 'ros'),
        ('mujoco', 'run', 'sim'),
        ('gymnasium', 'demo', 'sim'),
        ('rosbags', 'bag x', ''),
        ('onnxruntime', 'inspect cfc', ''),
        ('rich', 'doctor', ''),
        ('shtab', '--completion bash', ''),
    ],
)
def test_it_is_one_line_with_the_command(modules, argv, extra, tmp_path):
    for name in argv.split():  # another extra may be missing here already, and is then named first
        if name == 'train':
            pytest.importorskip('torch')
    done = without(modules, *argv.split(), cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert f'needs {modules.replace("_", "-")}, which is not installed: ' in line
    target = extras._TARGETS.get(extra, 'install')
    pip = f'[{extra}]' if extra else 'pip install'
    assert pip in line or re.search(rf': make( -C \S+)? {target}$', line)
    assert not any(tmp_path.iterdir()), 'nothing is begun'


def test_ray_is_missing_only_where_it_is_asked_for(tmp_path):
    code = (
        'import hidden, sys; sys.meta_path.insert(0, hidden.Hide(["ray"]));'
        'from liquid_control.jobs import Piece, sweep;'
        'sweep([Piece("a", dict, {})], ".", engine="ray")'
    )
    done = subprocess.run(
        [sys.executable, '-c', code.replace('"."', f'"{tmp_path}"')],
        capture_output=True, text=True, cwd=HIDDEN.parent,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'ray'"
    assert re.search(r"\[ray\]'|^make.* ray$", extras.command('ray'))


def test_the_checkouts_own_environment_is_told_to_make(monkeypatch, tmp_path):
    (tmp_path / 'Makefile').touch()
    (tmp_path / '.venv').mkdir()
    monkeypatch.setattr(extras, '_ROOT', tmp_path)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / '.venv'))
    monkeypatch.chdir(tmp_path)
    assert extras.lacks('torch.nn') == 'needs torch, which is not installed: make train'
    assert extras.command('safetensors') == 'make train'
    assert extras.command('ray') == 'make ray'
    assert extras.command('tensorboard') == 'make log'
    assert extras.command('mujoco') == 'make install'
    monkeypatch.chdir(tmp_path / '.venv')
    assert extras.command('torch') == 'make -C .. train'


def test_every_target_that_is_named_is_in_the_makefile():
    text = (ROOT / 'Makefile').read_text()
    phony = next(line for line in text.splitlines() if line.startswith('.PHONY')).split()
    assert {*extras._TARGETS.values(), 'install'} <= set(phony)


@pytest.mark.parametrize('place', ['checkout', 'installed'])
def test_elsewhere_pip_is_given_the_constraints(monkeypatch, tmp_path, place):
    monkeypatch.setattr(extras, '_ROOT', tmp_path / 'checkout')
    monkeypatch.setattr(extras, '_INSTALLED', tmp_path / 'installed')
    (tmp_path / place).mkdir()
    (tmp_path / place / 'constraints.txt').touch()
    command = extras.command('torch')
    assert f'pip install -c {extras._shortest(tmp_path / place / "constraints.txt")} ' in command
    assert '[train]' in command


def test_every_module_of_an_extra_is_among_its_requirements():
    text = (ROOT / 'setup.py').read_text()
    for extra, modules in extras.MODULES.items():
        for module in modules:
            package = module.replace('_', '-')
            assert f"'{package}" in text or f"'ros-{package}" in text, (extra, module)


def test_doctor_names_the_same_command(monkeypatch):
    monkeypatch.setattr(extras, 'is_installed', lambda name: name not in ('torch', 'ncps'))
    found = doctor.training()
    assert found.state == 'missing'
    assert not found.needed
    assert 'torch, ncps' in found.text
    assert found.advice == extras.command('torch')
