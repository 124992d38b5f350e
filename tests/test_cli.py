"""The command line: its verbs, suggestions for typos, and truthful exit codes."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from liquid_control import __version__
from liquid_control.cli import main as cli


def run_as(monkeypatch, main):
    verb = SimpleNamespace(add_arguments=lambda parser: None, main=main)
    monkeypatch.setattr(cli.importlib, 'import_module', lambda name: verb)
    return cli.main(['replay'])


def raises(error):
    def main(args):
        raise error

    return main


def test_help_names_every_verb(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(['--help'])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in cli.VERBS)


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(['--version'])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(('said', 'meant'), [('repaly', 'replay'), ('demos', 'demo')])
def test_an_unknown_verb_names_the_nearest(capsys, said, meant):
    with pytest.raises(SystemExit) as ended:
        cli.main([said])
    assert ended.value.code == 2
    assert f"unknown verb '{said}' (did you mean '{meant}'?)" in capsys.readouterr().err


def test_the_module_is_the_command():
    command = [sys.executable, '-m', 'liquid_control', '--version']
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f'liquid-control {__version__}\n')


def test_the_version_imports_nothing_heavy():
    code = (
        'import sys, contextlib; from liquid_control.cli import main as cli\n'
        'with contextlib.suppress(SystemExit): cli.main(["--version"])\n'
        'heavy = "numpy", "onnxruntime", "rich", "torch", "rclpy", "matplotlib"\n'
        'print([m for m in heavy if m in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == '[]'


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'tcsh'])
def test_completion_scripts_know_every_verb_and_its_options(shell, capsys):
    assert cli.main(['--completion', shell]) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in cli.VERBS)
    assert '--episodes' in script or 'episodes' in script


def test_bash_completes_sub_verbs_and_options(tmp_path, capsys):
    bash = shutil.which('bash')
    if bash is None:
        pytest.skip('there is no bash')
    assert cli.main(['--completion', 'bash']) == 0
    (tmp_path / 'script').write_text(capsys.readouterr().out)
    for words, wanted in (
        (['re'], 'replay'), (['train', 'pred'], 'predictor'), (['run', '--epi'], '--episodes'),
        (['run', '--mode', 'lock'], 'lockstep'),
    ):  # fmt: skip
        line = ' '.join(['liquid-control', *words])
        code = (
            f'source {tmp_path}/script; COMP_WORDS=({line}); COMP_CWORD={len(words)};'
            '_shtab_liquid_control; echo "${COMPREPLY[*]}"'
        )
        done = subprocess.run([bash, '-c', code], capture_output=True, text=True)
        assert done.stdout.split() == [wanted], done.stderr


@pytest.mark.parametrize('argv', [[], ['--'], ['--', 'replay'], ['--nonsense'], ['replay', '--x']])
def test_a_command_line_that_says_nothing_is_a_usage_error(argv):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2


@pytest.mark.parametrize('code', [0, 1, 3])
def test_the_verb_says_the_exit_code(monkeypatch, code):
    assert run_as(monkeypatch, lambda args: code) == code


@pytest.mark.parametrize('error', [ValueError('no'), OSError('no'), RuntimeError('no')])
def test_what_fails_is_said_in_one_line(monkeypatch, capsys, error):
    assert run_as(monkeypatch, raises(error)) == 1
    assert capsys.readouterr().err == 'liquid-control replay: no\n'


def test_a_terminal_without_width_is_printed_to(monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '0')
    assert cli.main(['inspect', 'gru']) == 0
    assert 'gru' in capsys.readouterr().out


def test_an_interrupt_has_its_own_code(monkeypatch):
    assert run_as(monkeypatch, raises(KeyboardInterrupt())) == 130


def test_a_missing_extra_is_said_in_one_line(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError("No module named 'rosbags'")

    monkeypatch.setattr(cli.importlib, 'import_module', missing)
    assert cli.main(['replay']) == 1
    assert 'rosbags' in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_traceback():
    code = (
        'import sys; from types import SimpleNamespace; from liquid_control.cli import main as cli;'
        'verb = SimpleNamespace(add_arguments=lambda p: None,'
        ' main=lambda a: print("x" * 10**6) or 0);'
        'cli.importlib = SimpleNamespace(import_module=lambda n: verb);'
        'sys.exit(cli.main(["replay"]))'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b''
        assert process.wait() == 1


def test_the_control_core_needs_neither_torch_nor_ros_nor_mujoco():
    code = (
        'import sys, liquid_control.control, liquid_control.faults;'
        'print([m for m in ("torch", "rclpy", "mujoco", "gymnasium") if m in sys.modules])'
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == '[]'


@pytest.mark.parametrize(
    ('file', 'said'), [('nowhere/x.json', 'nowhere: no such folder'), ('.', 'expected a file')]
)
def test_where_results_go_is_checked_before_any_work(file, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(['inspect', 'walker2d', '--json', file])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_error_of_the_system_names_the_file_first(monkeypatch, capsys):
    error = FileNotFoundError(2, 'No such file or directory', 'x.yaml')
    assert run_as(monkeypatch, raises(error)) == 1
    assert capsys.readouterr().err == 'liquid-control replay: x.yaml: No such file or directory\n'
