"""The demo: what it says of policies does not depend on the machine or its load."""

import contextlib
import json
import subprocess
import sys

import pytest

from liquid_control.cli import demo
from liquid_control.cli.main import main
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation import run_episodes
from liquid_control.evaluation.timing import WALKED
from liquid_control.faults import parse
from liquid_control.paths import policy
from liquid_control.sim import simulated_contract


@contextlib.contextmanager
def busy(count):
    """Keep processors busy with other work."""
    spinning = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def walked(folder, tmp_path, *more):
    out = tmp_path / f'{folder}.json'
    arguments = ['--no-video', '--seconds', '0.8', '--out', str(tmp_path / folder)]
    code = main(['demo', *arguments, '--json', str(out), *more])
    return code, json.loads(out.read_text())['runs']


@pytest.fixture(autouse=True)
def one_policy(monkeypatch):
    monkeypatch.setattr(demo, 'POLICIES', ('lstm',))
    monkeypatch.setenv('COLUMNS', '80')


def test_beside_a_load_the_demo_walks_as_in_process(tmp_path, capsys):
    with busy(2):
        code, runs = walked('loaded', tmp_path)
    assert code == 0, 'a slow machine is no failure'
    assert [run['run']['mode'] for run in runs] == ['lockstep', 'lockstep', 'realtime']
    robot = Contract.load(simulated_contract('walker2d'))
    controller = Controller(PolicyRunner(policy('lstm', 'walker2d')), robot)
    for run in runs[:2]:
        (one,) = run_episodes(controller, robot, parse(run['run']['fault']), steps=100)
        assert run['figures']['return_mean'] == one.total
    assert runs[2]['figures']['return_mean'] is None
    assert runs[2]['timing']['periods'] > 0
    assert 'deadlines' in capsys.readouterr().out
    assert (tmp_path / 'loaded' / 'report.html').exists()


@pytest.mark.slow
def test_beside_a_load_the_demo_gives_the_same_figures(tmp_path):
    code, idle = walked('idle', tmp_path)
    assert code == 0
    with busy(2):
        code, loaded = walked('loaded', tmp_path)
    assert code == 0, 'a slow machine is no failure'
    for one, other in zip(idle[:2], loaded[:2], strict=True):
        assert one['figures']['return_mean'] > 0
        assert [one['figures'][n] for n in WALKED] == [other['figures'][n] for n in WALKED]
    for run in (idle[2], loaded[2]):
        assert run['figures']['return_mean'] is None
        assert run['timing']['periods'] > 0
