"""A predictor from any bag: it learns, predicts alone, resumes exactly, and never drives."""

import contextlib
import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnxscript')

from recording import Recorder, joint_state

from liquid_control.bags.bag import Bag
from liquid_control.bags.recording import Recording, read_recording
from liquid_control.cli.main import main
from liquid_control.control import Bundle, Contract, Controller, PolicyRunner
from liquid_control.control.contract import ContractError
from liquid_control.replay import alarm
from liquid_control.replay.alarm import Calibration
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.predictor import publish as publishing
from liquid_control.training.predictor.publish import publish_predictor
from liquid_control.training.predictor.train import (
    RecordedSettings,
    Windows,
    folds,
    train_predictor,
)

JOINTS = ['hip', 'knee']


def robot_contract() -> dict:
    def term(name, topic, field, **more):
        return {
            'name': name, 'topic': topic, 'type': 'sensor_msgs/msg/JointState', 'field': field,
            'joints': JOINTS, 'unit': 'rad', **more,
        }  # fmt: skip

    return {
        'format': 1,
        'robot': 'leg',
        'rate': 100.0,
        'freshness': 0.05,
        'max_gap': 0.5,
        'observation': [
            term('angle', 'joint_states', 'position'),
            term('speed', 'joint_states', 'velocity'),
            term('target', 'targets', 'position', hold=True),
        ],
        'action': {
            'topic': 'targets', 'type': 'sensor_msgs/msg/JointState', 'joints': JOINTS,
            'unit': 'rad', 'lower': -2.0, 'upper': 2.0, 'safe': [0.0, 0.5],
        },
    }  # fmt: skip


def write_leg(folder, seconds=16.0, fails=np.inf, seed=0):
    """A leg that follows its targets like a spring, at irregular times, until it goes limp."""
    rng = np.random.default_rng(seed)
    recorder = Recorder(folder / 'bag')
    angle, speed, target, now, told = np.zeros(2), np.zeros(2), np.zeros(2), 0.0, -1.0
    phase = rng.uniform(0, 6, 2)
    while now < seconds:
        step = rng.uniform(0.005, 0.015)
        now += step
        stamp = 10**9 + round(now * 1e9)
        if now - told > 0.02:
            told = now
            target = np.sin(np.array([5.0, 7.0]) * now + phase)
            message = joint_state(stamp, JOINTS, target)
            recorder.write('/targets', 'sensor_msgs/msg/JointState', message)
        stiff = np.where([False, now > fails], 0.0, 200.0)
        for _ in range(5):
            speed = speed + step / 5 * (stiff * (target - angle) - 20.0 * speed)
            angle = angle + step / 5 * speed
        message = joint_state(stamp + 1, JOINTS, angle, speed)
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    return folder


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    """At these sizes more threads cost more than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope='module')
def contract():
    return Contract.from_dict(robot_contract(), 'leg.yaml')


@pytest.fixture(scope='module')
def recording(contract, tmp_path_factory):
    return read_recording(Bag(write_leg(tmp_path_factory.mktemp('leg'))), contract)


SMALL = RecordedSettings('gru', updates=30, batch=8, burn_in=10, horizon=12, budget=3000, every=10)


def quiet(share, text):
    pass


@pytest.fixture(scope='module')
def bundle(contract, recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp('predictor')
    settings = RecordedSettings(
        'gru', updates=150, batch=16, burn_in=10, horizon=12, budget=3000, learning_rate=0.01
    )
    return publish_predictor(
        folder / 'leg.onnx', settings, [recording], contract, folder / 'checkpoints', quiet
    )


def test_windows_avoid_gaps_and_held_out_parts(recording):
    mine = folds(recording, SMALL)
    windows = Windows([recording], SMALL, without=1)
    for start in windows.starts:
        assert (mine[start : start + windows.length] != 1).all()
    assert set(mine) == {0, 1}
    assert len(Windows([recording], SMALL).starts) == len(recording) - windows.length + 1


@pytest.mark.parametrize('seconds', [2.5, 3.75])
def test_short_recording_is_refused_at_once(seconds, contract, tmp_path):
    def trained(share, text):
        raise AssertionError('it trains already')

    short = read_recording(Bag(write_leg(tmp_path / 'short', seconds)), contract)
    with pytest.raises(ValueError, match=r'whole windows of good data .* expected 4 or more'):
        publish_predictor(tmp_path / 'a.onnx', SMALL, [short], contract, tmp_path, trained)


@pytest.mark.parametrize(('seconds', 'reset'), [(4.5, 0), (16.0, 777)])
def test_alarm_runs_avoid_training_data(seconds, reset, contract, tmp_path, monkeypatch):
    found, counted = [], []

    def calibrate(contract, pieces, **settings):
        found.extend(pieces)
        return alarm.calibrate(contract, pieces, **settings)

    def check_blocks(blocks):
        counted.append(blocks)

    monkeypatch.setattr(publishing, 'calibrate', calibrate)
    monkeypatch.setattr(publishing, 'check_blocks', check_blocks)
    monkeypatch.setattr(alarm, 'check_blocks', check_blocks)
    brief = dataclasses.replace(SMALL, updates=1)
    leg = read_recording(Bag(write_leg(tmp_path / 'leg', seconds)), contract)
    leg.starts[reset] = True
    publish_predictor(tmp_path / 'a.onnx', brief, [leg], contract, tmp_path, quiet)
    assert len(found) == leg.starts.sum()
    for stamps, _, held_out in found:
        ends = np.searchsorted(leg.stamps, stamps)
        targets = folds(leg, brief)[ends[:, None] - np.arange(brief.horizon)]
        assert np.array_equal(held_out, (targets == targets[:, :1]).all(axis=1))
        assert 0.8 < held_out.mean() < 1.0
    before, after = counted
    assert before == after >= 4


def test_interrupted_training_ends_the_same(contract, recording, tmp_path):
    def stop(share, text):
        if share > 0.5:
            raise KeyboardInterrupt

    whole = train_predictor(SMALL, [recording], contract, tmp_path / 'a.safetensors', quiet)
    path = tmp_path / 'b.safetensors'
    with pytest.raises(KeyboardInterrupt):
        train_predictor(SMALL, [recording], contract, path, stop)
    resumed = train_predictor(SMALL, [recording], contract, path, quiet)
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(),
                                  strict=True):  # fmt: skip
        assert torch.equal(one, other), name
    other = RecordedSettings(**{**SMALL.to_dict(), 'seed': 1})
    with pytest.raises(ValueError, match='seed 0, now 1'):
        train_predictor(other, [recording], contract, path, quiet)


def test_diverging_training_says_so(contract, recording, tmp_path):
    wild = RecordedSettings(**{**SMALL.to_dict(), 'learning_rate': 1e30})
    with pytest.raises(NotFiniteError, match='update'):
        train_predictor(wild, [recording], contract, tmp_path / 'c.safetensors', quiet)


def test_the_bundle_foretells_and_does_not_drive(bundle, contract):
    assert not bundle.drives
    runner = PolicyRunner(bundle)
    values = np.array([0.1, 0.2, 0.0, 0.0, 1.0, -1.0], dtype=np.float32)
    action, prediction = runner.step(values, 1.0)
    assert action.tolist() == [0.0, 0.5]
    assert prediction[4:].tolist() == [1.0, -1.0]  # the command is held
    assert (prediction[:4] != values[:4]).all()
    with pytest.raises(ContractError, match='is a predictor: it has no action of its own'):
        Controller(runner, contract)


def test_predictor_beats_persistence_and_warns(bundle, tmp_path, capsys):
    good, bad = (
        write_leg(tmp_path / 'good', 12.0, seed=5),
        write_leg(tmp_path / 'bad', 12.0, 8.0, 6),
    )
    (tmp_path / 'leg.yaml').write_text(json.dumps(robot_contract()))
    out = tmp_path / 'out'
    code = main(
        ['replay', str(good), str(bad), '--robot', str(tmp_path / 'leg.yaml'), '--policy',
         str(bundle.path), '--horizon', '12', '--out', str(out)]
    )  # fmt: skip
    assert code == 0
    verdict = json.loads((out / 'verdict.json').read_text())
    assert verdict['complete']
    scores = {
        name: json.loads((out / 'recordings' / f'{name}.json').read_text())['result']['policies'][0]
        for name in ('good', 'bad')
    }
    assert scores['good']['horizons']['ratio'][-1] < 0.5
    # 16 s of good data can ensure few false alarms a minute, but not none in 12 s
    slips = scores['good']['alarm']['events']
    assert sum(e['end_s'] - e['start_s'] for e in slips) < 1.5
    event = scores['bad']['alarm']['events'][-1]
    assert 8.0 <= event['start_s'] <= 9.2
    assert event['end_s'] is None
    assert next(iter(event['joints'])) == 'knee'
    assert event['peak'] > 3 * max([e['peak'] for e in slips], default=0.0)
    assert 'ALARM' in capsys.readouterr().out
    calibration = Calibration.of(Bundle.read(bundle.path).scores)
    assert calibration.seconds == pytest.approx(0.89 * 16.0, abs=0.5)  # 11 of 100 are left out


def test_the_verb_trains_on_a_part_of_a_bag(tmp_path, capsys):
    leg = write_leg(tmp_path / 'leg', 12.0)
    (tmp_path / 'leg.yaml').write_text(json.dumps(robot_contract()))
    out = tmp_path / 'small.onnx'
    arguments = ['train', 'predictor', '--bag', str(leg), '--robot', str(tmp_path / 'leg.yaml'),
                 '--cell', 'gru', '--to', '10', '--updates', '4', '--horizon', '10']  # fmt: skip
    assert main([*arguments, '--out', str(out)]) == 0
    about = Bundle.read(out).provenance
    assert about['recordings'][0]['seconds'] == pytest.approx(10.0, abs=0.05)
    assert not (tmp_path / 'small.training').exists()
    content = out.read_bytes()
    assert main([*arguments, '--out', str(out)]) == 1
    assert 'small.onnx: exists already; a model is never overwritten' in capsys.readouterr().err
    assert out.read_bytes() == content
    other = str(tmp_path / 'other.onnx')
    assert main([*arguments, '--from', '90', '--out', other]) == 1
    assert 'no observation from 90 to 10 s' in capsys.readouterr().err
    wrong = [word.replace('gru', 'gro') for word in arguments]
    assert main([*wrong, '--out', other]) == 1
    assert "did you mean 'gru'" in capsys.readouterr().err


def test_stopped_verb_resumes(tmp_path, monkeypatch, capsys):
    shares = []

    @contextlib.contextmanager
    def reporting(console, title):
        def report(share, text):
            shares.append(share)
            if len(shares) == 6:
                raise KeyboardInterrupt

        yield report

    monkeypatch.setattr('liquid_control.cli.progress.reporting', reporting)
    leg = write_leg(tmp_path / 'leg', 6.0)
    (tmp_path / 'leg.yaml').write_text(json.dumps(robot_contract()))
    out = tmp_path / 'small.onnx'
    arguments = ['train', 'predictor', '--bag', str(leg), '--robot', str(tmp_path / 'leg.yaml'),
                 '--cell', 'gru', '--updates', '4', '--horizon', '10',
                 '--out', str(out)]  # fmt: skip
    assert main(arguments) == 130
    said = capsys.readouterr().err.strip()
    assert said == 'stopped; the same command resumes from the last checkpoint'
    assert not out.exists()
    assert main(arguments) == 0
    assert out.exists()
    assert shares[6] == shares[4]  # the second model; the first, of four updates, was finished


def test_parts_have_room_for_windows():
    period, count = 20_000_000, 30_000  # ten minutes at 50 Hz
    slow = Recording(
        'slow', np.arange(count) * period, np.zeros((count, 2), np.float32),
        np.ones(count, np.float32), np.arange(count) == 0, 0, period,
    )  # fmt: skip
    settings = RecordedSettings('gru')
    for without in range(settings.folds):
        assert len(Windows([slow], settings, without).starts) > 1000


def test_damage_is_told_kept_and_no_success(tmp_path, capsys):
    leg = write_leg(tmp_path / 'leg', 12.0)
    (file,) = (leg / 'bag').glob('*.mcap')
    file.write_bytes(file.read_bytes()[: int(0.9 * file.stat().st_size)])
    (tmp_path / 'leg.yaml').write_text(json.dumps(robot_contract()))
    out = tmp_path / 'small.onnx'
    arguments = ['train', 'predictor', '--bag', str(leg), '--robot', str(tmp_path / 'leg.yaml'),
                 '--cell', 'gru', '--updates', '4', '--horizon', '10']  # fmt: skip
    assert main([*arguments, '--out', str(out)]) == 1
    assert 'incomplete, read as far as possible' in capsys.readouterr().out
    (about,) = Bundle.read(out).provenance['recordings']
    assert about['damage']
    assert len(about['sha256']) == 64
    low, high = Bundle.read(out).trained_elapsed
    assert 0.8 < low < 1.0 < high < 1.2, 'of uneven periods about the nominal one'
    other = str(tmp_path / 'other.onnx')
    assert main([*arguments, '--false-alarms', '90', '--out', other]) == 1
    assert 'below 85.7' in capsys.readouterr().err
