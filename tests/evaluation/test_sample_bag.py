"""The bags that ship show what a person should find in them."""

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.evaluation.sample_bag import WORN_FROM_S, WORN_JOINT, record
from liquid_control.replay.fleet import replay_recording
from liquid_control.report.replay_answer import answer

SAMPLES = paths.share() / 'sim' / 'walker2d' / 'sample_bags'


def replayed(name):
    predictor = str(SAMPLES / 'predictor.onnx')
    return replay_recording(str(SAMPLES / name), robot='walker2d', policies=[predictor, 'cfc'])


def test_worn_bag_alarms_and_names_the_joint():
    result = replayed('worn')
    assert result['complete'], result['why']
    (event,) = result['policies'][0]['alarm']['events']
    assert WORN_FROM_S < event['start_s'] < WORN_FROM_S + 1.0
    assert next(iter(event['joints'])) == WORN_JOINT
    found = answer({'ok': True, 'result': result})
    assert found.word == 'ALARM'
    assert found.text.startswith(f'at {event["start_s"]:.1f} s: {WORN_JOINT}')


def test_the_good_bag_is_all_right():
    result = replayed('good')
    found = answer({'ok': True, 'result': result})
    assert found.good
    assert 'no alarm in' in found.text
    assert '1000 commands compared' in found.text


def test_the_samples_are_small_and_whole():
    size = sum(path.stat().st_size for path in SAMPLES.rglob('*') if path.is_file())
    assert size < 600_000
    for name in ('good', 'worn'):
        bag = Bag(SAMPLES / name)
        assert bag.damage is None
        assert bag.counts['joint_states'] == bag.counts['commands'] > 500


def test_two_recordings_are_equal(tmp_path):
    periods = [record(tmp_path / name, seed=1, worn=True) for name in ('a', 'b')]
    assert periods[0] == periods[1]
    first, second = (Bag(tmp_path / name) for name in ('a', 'b'))
    for topic in ('joint_states', 'commands'):
        assert repr(list(first.messages(topic))) == repr(list(second.messages(topic)))
