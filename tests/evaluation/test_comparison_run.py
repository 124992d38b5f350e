"""Comparisons are measured, kept, resumed after SIGKILL, and say what failed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support import make_bundle

from liquid_control.evaluation import measure_all
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import NOMINAL, RobustnessResults, analyse
from liquid_control.evaluation.robustness.contenders import contenders
from liquid_control.evaluation.robustness.plan import Plan
from liquid_control.evaluation.robustness.run import PIECES, carry_out, failures

pytest.importorskip('scipy')

NOISE = Family('noise', 'noise', 'σ', 'gaussian:{}', (0.1, 0.3))
PERIOD = Family('period', 'period', '×', 'period:{}', (2.0,), unchanged=1.0)


@pytest.fixture
def plan(robot, bundle, other):
    policies = contenders([str(bundle), str(other)], robot)
    return Plan('compare', robot, policies, (NOISE, PERIOD), 6, 7)


def numbers(results: RobustnessResults) -> list:
    return [(m.policy, m.fault, m.elapsed, m.returns, m.error) for m in results.measurements]


def test_results_are_what_is_measured_alone(plan, robot, bundle, tmp_path):
    results = carry_out(plan, tmp_path, workers=2)
    assert not failures(results)
    assert len(results.measurements) == 2 * (1 + 2 + 1 + 1)
    alone = {
        '': measure_all(bundle, robot, ['none'], 6, 7)[0],
        'noise': measure_all(bundle, robot, ['gaussian:0.3'], 6, 7)[0],
        'period': measure_all(bundle, robot, ['period:2'], 6, 7, thin=False)[0],
    }
    rows = {(m.policy, m.family, m.level, m.elapsed): m for m in results.measurements}
    assert rows['untrained', '', 0.0, 'measured'].returns == alone[''].returns
    assert rows['untrained', 'noise', 0.3, 'measured'].returns == alone['noise'].returns
    assert rows['untrained', 'period', 2.0, 'measured'].returns == alone['period'].returns
    assert rows['untrained', 'period', 2.0, NOMINAL].returns != alone['period'].returns
    assert results.reference['name'] == 'expert'
    assert results.reference['return'] > 4000
    results.save(tmp_path / 'results.json')
    assert numbers(RobustnessResults.load(tmp_path / 'results.json')) == numbers(results)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / PIECES).iterdir()}
    assert numbers(carry_out(plan, tmp_path)) == numbers(results)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / PIECES).iterdir()} == before


def test_a_killed_comparison_goes_on_to_the_same_numbers(tmp_path):
    command = [
        sys.executable, '-m', 'liquid_control', 'compare', '--policy', 'mlp,rnn', '--fault',
        'gaussian:0.3,delay:3', '--seeds', '6', '--workers', '1', '--no-video',
    ]  # fmt: skip
    environment = {**os.environ, 'COLUMNS': '80'}
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    process = subprocess.Popen([*command, '--out', str(killed)], env=environment)
    until = time.monotonic() + 240
    while not list(killed.glob(f'{PIECES}/*.json')) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name: path.read_text() for path in killed.glob(f'{PIECES}/*.json')}
    assert kept
    assert not (killed / 'results.json').exists()
    for folder in (killed, whole):
        subprocess.run([*command, '--out', str(folder)], env=environment, check=True)
    assert {name: (killed / PIECES / name).read_text() for name in kept} == kept
    first, second = (RobustnessResults.load(f / 'results.json') for f in (killed, whole))
    assert numbers(first) == numbers(second)
    assert (killed / 'results.csv').read_text() == (whole / 'results.csv').read_text()


def test_a_policy_that_returns_nan_has_failed(robot, bundle, tmp_path):
    def break_weights(weights):
        weights['A'][:] = np.nan

    contract = robot.asking('joint_position', 'previous_action')
    broken = make_bundle(tmp_path / 'broken.onnx', contract, edit=break_weights)
    policies = contenders([str(bundle), str(broken)], robot)
    results = carry_out(Plan('compare', robot, policies, (NOISE,), 6, 0), tmp_path / 'out')
    assert not failures(results)
    analysis = analyse(results)
    cell = analysis.cell('broken', 'noise', 0.1)
    assert (cell.stopped, cell.episodes, cell.percent.value) == (6, 6, 0.0)
    assert analysis.standings[-1].policy == 'broken'
    assert analysis.standings[-1].stopped == 18


def test_what_fails_is_said_and_tried_again(plan, bundle, tmp_path):
    content = bundle.read_bytes()
    try:
        bundle.write_bytes(b'gone')
        results = carry_out(plan, tmp_path, workers=2)
    finally:
        bundle.write_bytes(content)
    failed = [m for m in results.measurements if m.error]
    assert {m.policy for m in failed} == {'untrained'}
    assert len(failed) == 5
    (line,) = failures(results)
    assert line.startswith('untrained under none, gaussian:0.1, gaussian:0.3, period:2: ')
    assert 'untrained.onnx' in line
    ranks = {one.policy: one.rank for one in analyse(results).standings}
    assert ranks == {'other': 1, 'untrained': 0}
    assert not failures(carry_out(plan, tmp_path, workers=2))


def test_one_condition_that_fails_costs_no_other(robot, bundle, tmp_path, monkeypatch):
    from liquid_control.evaluation.robustness import pieces

    def refuse(policy, contract, faults, *rest, **options):
        if 'gaussian:0.3' in faults:
            raise ValueError('the world is not finite')
        return measure_all(policy, contract, faults, *rest, **options)

    plan = Plan('compare', robot, contenders([str(bundle)], robot), (NOISE,), 6, 0)
    piece = plan.pieces()[1]
    monkeypatch.setattr(pieces, 'measure_all', refuse)
    rows = piece.function(**piece.arguments, report=lambda share, text: None)['measurements']
    assert [row['error'] for row in rows] == ['', '', 'the world is not finite']
    assert [len(row['returns']) for row in rows] == [6, 6, 0]
    path = tmp_path / PIECES / f'{piece.name}.json'
    path.parent.mkdir()
    about = {'format': 1, 'name': piece.name, 'key': piece.key, 'ok': True, 'seconds': 1.0}
    path.write_text(json.dumps({**about, 'result': {'measurements': rows}}))
    monkeypatch.undo()
    assert not failures(carry_out(plan, tmp_path))


def test_without_an_expert_the_best_policy_is_100_percent(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(Plan, 'expert', None)
    results = carry_out(plan, tmp_path)
    clean = [m for m in results.measurements if not m.family]
    best = max(clean, key=lambda one: np.mean(one.returns))
    assert results.reference['name'] == best.policy
    assert results.reference['return'] == pytest.approx(np.mean(best.returns))
    assert Path(results.policies[0].bundles[0]['path']).name == 'untrained.onnx'
