"""The report of a replay opens in a browser without errors and with every plot."""

import json
import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from alarmed import calibrated, changed
from recording import Recorder, joint_state, make_bundle
from support import arm

from liquid_control.cli.main import main
from liquid_control.control import Bundle, Contract, PolicyRunner
from liquid_control.replay import Evaluator
from liquid_control.report.replay_tables import legend

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture(scope='module')
def watching(robot, bundle, tmp_path_factory):
    """The untrained policy with a made-up alarm calibration."""
    size = len(robot.asking('joint_position').measured)
    path = tmp_path_factory.mktemp('watching') / 'watching.onnx'
    changed(Bundle.read(bundle), path, scores={'alarm': calibrated(size, 0.05).to_dict()})
    return path


@pytest.fixture(scope='module')
def replayed(walks, bundle, watching, tmp_path_factory):
    """A folder with the replays of two runs and of a folder that is not a run."""
    out, empty = tmp_path_factory.mktemp('replayed'), tmp_path_factory.mktemp('empty')
    runs = [str(walks(fault).folder) for fault in ('none', 'gaussian:0.1')]
    code = main(
        ['replay', *runs, str(empty), '--robot', 'walker2d', '--policy', str(bundle), '--policy',
         str(watching), '--fault', 'gaussian:0.1', '--horizon', '10', '--out', str(out)]
    )  # fmt: skip
    assert code == 1  # because one is broken
    return out


def test_one_broken_recording_does_not_stop_the_rest(replayed):
    verdict = json.loads((replayed / 'verdict.json').read_text())
    assert not verdict['complete']
    (why,) = verdict['summary']['failed'].values()
    assert 'no bag here' in why
    assert verdict['summary']['recordings'] == 3
    rows = verdict['summary']['policies']
    assert set(rows) == {
        f'{policy} · {fault}'
        for policy in ('untrained', 'watching')
        for fault in ('none', 'gaussian:0.1')
    }
    assert all(row['recordings'] == 2 for row in rows.values())
    assert rows['watching · none']['alarms'] > 0


def test_the_report_needs_nothing_beside_itself(replayed):
    text = (replayed / 'report.html').read_text()
    loaded = re.findall(r'(?:src|href)="([^"#][^"]*)"', text)
    assert all(where.startswith('data:') for where in loaded)
    # traces of each policy, the alarm of one, and horizons, for two recordings
    assert text.count('<figure>') == 2 * (2 + 1 + 1)
    assert 'no bag here' in text
    assert 'does not behave as the model knows it' in text


def test_it_opens_in_a_browser_without_an_error(replayed, tmp_path):
    browser = next((b for b in map(shutil.which, BROWSERS) if b), None)
    if browser is None:
        pytest.skip(f'no browser here: none of {", ".join(BROWSERS)}')
    page = (replayed / 'report.html').resolve().as_uri()
    command = [
        browser, '--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', '--v=0',
        f'--user-data-dir={tmp_path}', '--virtual-time-budget=3000', '--dump-dom', page,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'CONSOLE' not in done.stderr, done.stderr
    assert done.stdout.count('<svg') == 8
    assert done.stdout.count('<path') > 50
    # every clip path and marker that a plot refers to exists exactly once
    for reference in set(re.findall(r'(?:url\(#|href="#)([^)"]+)', done.stdout)):
        assert f'id="{reference}"' in done.stdout


def test_a_verdict_starts_as_failed(walks, bundle, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('liquid_control.replay.fleet.replay_policies', interrupted)
    arguments = ['replay', str(walks().folder), '--policy', str(bundle), '--out', str(tmp_path)]
    assert main(arguments) == 130
    verdict = json.loads((tmp_path / 'verdict.json').read_text())
    assert verdict['complete'] is False
    assert verdict['why'] == 'the replay did not finish'


def replay_one(folder, bundle, out, *more):
    return main(['replay', str(folder), '--policy', str(bundle), '--out', str(out), *more])


def test_answer_then_figures_then_recording(walks, bundle, tmp_path, capsys):
    assert replay_one(walks().folder, bundle, tmp_path) == 0
    said = capsys.readouterr().out
    assert said.startswith('OK 54 observations in 3.4 s, 54 commands compared\n')
    assert said.index('persist.') < said.index('joint_states') < said.index('complete observation')
    verdict = json.loads((tmp_path / 'verdict.json').read_text())
    assert set(verdict['coverage']['topics']) == {'commands', 'joint_states'}
    assert [t['share'] for t in verdict['coverage']['contract']['terms']] == [1.0]
    page = (tmp_path / 'report.html').read_text()
    assert page.index('What was recorded') < page.index('What the policies made of it')


def test_one_recording_is_kept_too(walks, bundle, tmp_path, monkeypatch, capsys):
    assert replay_one(walks().folder, bundle, tmp_path) == 0
    assert 'earlier replay' not in capsys.readouterr().out
    first = json.loads((tmp_path / 'verdict.json').read_text())

    def again(*args, **kwargs):
        raise AssertionError('replayed again')

    monkeypatch.setattr('liquid_control.replay.fleet.replay_policies', again)
    assert replay_one(walks().folder, bundle, tmp_path) == 0
    assert '1 of 1 results are from an earlier replay' in capsys.readouterr().out
    assert json.loads((tmp_path / 'verdict.json').read_text())['policies'] == first['policies']


def test_why_one_recording_failed_stands_in_the_verdict(bundle, tmp_path, capsys):
    (tmp_path / 'no[red]bag').mkdir()
    code = replay_one(tmp_path / 'no[red]bag', bundle, tmp_path / 'out', '--robot', 'walker2d')
    assert code == 1
    assert 'no bag here' in capsys.readouterr().err
    verdict = json.loads((tmp_path / 'out' / 'verdict.json').read_text())
    assert 'no bag here' in verdict['why']
    assert 'no bag here' in (tmp_path / 'out' / 'report.html').read_text()


def test_names_are_no_markup_and_one_policy_counts_once(walks, bundle, tmp_path, capsys):
    odd = tmp_path / 'walk[bold]'
    shutil.copytree(walks().folder, odd)
    same = f'{bundle.parent}/./{bundle.name}'
    code = main(
        ['replay', str(odd), str(walks().folder), '--policy', str(bundle), '--policy', same,
         '--out', str(tmp_path / 'out')]
    )  # fmt: skip
    assert code == 0
    assert 'walk[bold]' in capsys.readouterr().out
    (row,) = json.loads((tmp_path / 'out' / 'verdict.json').read_text())['summary'][
        'policies'
    ].values()
    assert row['recordings'] == 2


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--horizon', '1000000000'], '--horizon: expected 1000 or less'),
        (['--fault', 'gausian:0.1'], "did you mean 'gaussian'"),
        (['--fault', 'jitter:0.2'], 'found a clock fault, which cannot be applied to a recording'),
        (['--address', 'auto'], '--address: it is that of a Ray cluster: add --engine ray'),
        (['--workers', '2', '--engine', 'ray'], '--workers: with --engine ray'),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_read(arguments, said, capsys):
    assert main(['replay', 'nowhere', *arguments]) == 1
    assert said in capsys.readouterr().err


def test_no_memory_of_a_recording_is_kept(robot, bundle):
    """An evaluator's memory does not grow with the number of observations."""
    made = Evaluator(PolicyRunner(bundle), robot, horizon=10)
    sizes = []
    for step in range(12_000):
        values = np.sin(np.arange(8) + step / 40).astype(np.float32)
        made.step(10**9 + step * 8_000_000, values, np.zeros(6, dtype=np.float32))
        if step in (5_999, 11_999):
            held = (made._rows, made._free_runs._values, made._free_runs._starts)
            sizes.append(len(pickle.dumps(held)))
    assert sizes[1] < 1.3 * sizes[0]
    assert len(made.shown.rows) <= 3000


@pytest.mark.slow
def test_replay_memory_does_not_grow(tmp_path):
    """40,000 observations have the peak memory of 5,000, including plots and report."""
    data = arm()
    del data['observation'][1]
    robot = Contract.from_dict(data)
    (tmp_path / 'arm.yaml').write_text(json.dumps(data))
    policy = make_bundle(tmp_path / 'arm.onnx', robot.asking('angle', 'previous_action'), 0)
    script = (
        'import resource, sys; from liquid_control.cli.main import main;'
        'code = main(sys.argv[2:]);'
        'open(sys.argv[1], "w").write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}");'
        'sys.exit(code)'
    )
    peaks = []
    for count in (5_000, 40_000):
        bag, peak = tmp_path / f'{count}', tmp_path / f'{count}.txt'
        recorder = Recorder(bag)
        for step in range(count):
            angle = [np.sin(step / 9), 0.1]
            message = joint_state(10**9 + step * 10_000_000, ['hip', 'knee'], angle)
            recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
        recorder.close()
        options = ['--robot', tmp_path / 'arm.yaml', '--policy', policy, '--out', tmp_path / 'out']
        command = [sys.executable, '-c', script, peak, 'replay', bag, *options]
        subprocess.run(list(map(str, command)), check=True, timeout=300, capture_output=True)
        peaks.append(int(peak.read_text()))
    assert peaks[1] - peaks[0] < 12_000


@pytest.mark.parametrize('compared', [0, 5])
def test_only_columns_that_are_shown_are_explained(compared):
    score = {'used': 5, 'observations': 5, 'actions_compared': compared}
    names = [line.split('  ')[0] for line in legend([score])]
    assert ('Δ' in names) == bool(compared)
    assert 'steps' not in names
    assert 'steps' in [line.split('  ')[0] for line in legend([{**score, 'used': 4}])]
