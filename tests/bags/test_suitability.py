"""Rates, units and spreads that cannot be a contract's, and things that look odd, are said."""

import math

import numpy as np
import odd_bags
import pytest
import yaml
from odd_bags import (
    COMMAND,
    COUNT,
    PERIOD_NS,
    START_NS,
    Odd,
    angles,
    leg,
    observe,
    said,
    state,
    states,
    storage_file,
    term,
)
from recording import ros
from support import make_bundle

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.coverage import coverage
from liquid_control.bags.draft import draft
from liquid_control.bags.recording import read_recording
from liquid_control.cli import main as cli
from liquid_control.control import Contract
from liquid_control.control.observe import NO_SPEED, NO_VALUE
from liquid_control.control.spread import floored
from liquid_control.evaluation.prediction_error import ratio
from liquid_control.replay.fleet import replay_recording


def at_rate(path, hertz, count=COUNT, make=state):
    period = round(1e9 / hertz)
    return states(
        path,
        lambda s: make(s, START_NS + s * period),
        lambda s: START_NS + s * period + 1000,
        count=count,
    )


def hints(path, *terms, **changes):
    contract = Contract.from_dict({**leg(*terms), **changes})
    return coverage(Bag(path), contract)['contract']


def judged(tmp_path, bag, rate):
    data = {**leg(), 'rate': rate, 'freshness': 0.4, 'max_gap': 1.0}
    (tmp_path / 'leg.yaml').write_text(yaml.safe_dump(data))
    contract = Contract.load(tmp_path / 'leg.yaml')
    bundle = make_bundle(tmp_path / 'leg.onnx', contract.asking('joint_states_position'))
    return replay_recording(str(bag), robot=str(tmp_path / 'leg.yaml'), policies=[str(bundle)])


def test_one_in_ten_fast_readings_is_used(tmp_path):
    path = at_rate(tmp_path / 'bag', 500, count=400)
    slower = {'rate': 50.0, 'freshness': 0.4, 'max_gap': 1.0}
    found = hints(path, **slower)
    assert found['hints'] == [
        'observations come at 500 Hz, the contract asks for 50 Hz: by the clock, one in 10 is used'
    ]
    replayed = judged(tmp_path, path, 50.0)
    (score,) = replayed['policies']
    assert replayed['complete'], replayed['why']
    assert score['used'] == pytest.approx(40, abs=3)
    assert score['prediction_scored'] >= 0.9 * score['used']
    recording = read_recording(Bag(path), Contract.from_dict({**leg(), **slower}))
    assert np.median(recording.elapsed) == 1.0
    assert len(recording) == score['used']


def test_readings_too_rare_for_the_contract_are_never_complete(tmp_path, capsys):
    path = at_rate(tmp_path / 'bag', 10, count=50)
    why = 'observations come at 10 Hz, the contract asks for 50 Hz'
    replayed = judged(tmp_path, path, 50.0)
    assert not replayed['complete']
    assert replayed['why'].startswith(why)
    with pytest.raises(BagError, match=why):
        read_recording(Bag(path), Contract.load(tmp_path / 'leg.yaml'))
    assert cli.main(['bag', str(path), '--robot', str(tmp_path / 'leg.yaml')]) == 1
    assert capsys.readouterr().out.startswith(f'NOT COVERED {path}: 50 messages in 4.90 s')


def test_a_rate_that_is_right_is_not_mentioned(tmp_path):
    found = hints(states(tmp_path / 'bag'))
    assert found['hints'] == []
    assert found['observed_hz'] == pytest.approx(500.0, rel=1e-3)


def test_angles_in_degrees_get_a_hint_and_wheels_in_rad_none(tmp_path):
    degrees = at_rate(tmp_path / 'a', 500, make=lambda s, t: state(s, t, position=57.3 * angles(s)))
    (hint,) = hints(degrees)['hints']
    assert 'hip -57.3 to 57.3' in hint
    assert 'degrees?' in hint
    assert 'degrees, or a wheel?' in draft(coverage(Bag(degrees)), 'leg')
    wheel = at_rate(tmp_path / 'b', 500, make=lambda s, t: state(s, t, position=17.0 + angles(s)))
    assert hints(wheel)['hints'] == []
    turned = at_rate(tmp_path / 'c', 500, make=lambda s, t: state(s, t, position=57.3 * angles(s)))
    assert hints(turned, term(unit='1'))['hints'] == []


def test_noise_is_no_spread():
    noise, walk = 5e-14, 0.6
    assert floored([noise, walk]).tolist() == [1e-3 * walk, walk]
    assert floored([noise, 0.0]).tolist() == [1.0, 1.0]
    assert floored([math.nan, 2.0]).tolist() == [2e-3, 2.0]
    assert floored([0.003, 0.6]).tolist() == [0.003, 0.6], 'a small movement stays as it is'


def test_a_drafted_std_has_a_floor_and_the_draft_states_it(tmp_path):
    rng = np.random.default_rng(0)

    def still(step, stamp):
        return state(step, stamp, position=angles(step) * [1, 1, 0] + rng.normal(0, 5e-14, 3))

    text = draft(coverage(Bag(at_rate(tmp_path / 'bag', 500, make=still))), 'leg')
    position = yaml.safe_load(text)['observation'][0]
    assert min(position['std']) >= 0.999e-3 * max(position['std'])
    assert 'no channel has less than a thousandth of the largest' in text


def test_an_error_over_a_joint_that_stands_still_is_no_ratio():
    assert ratio(1.0, 1e-26) is None
    assert ratio(1.0, 0.0) is None
    assert ratio(1.0, 1e-6) == pytest.approx(1e6)


def test_each_marker_is_no_value_in_its_own_field_only(tmp_path):
    def marked(step):
        return state(step, position=[NO_VALUE, NO_SPEED, 0.1], velocity=[NO_SPEED, NO_VALUE, 0.1])

    path = states(tmp_path / 'bag', marked)
    _, values = observe(Bag(path), term(), term('velocity'))
    assert np.isnan(values[0]).tolist() == [True, False, False, True, False, False]
    assert 'position: says "no value" (2.146e9), read as NaN: hip' in said(path)
    assert 'velocity: says "no value" (16000), read as NaN: hip' in said(path)


def test_microseconds_as_nanoseconds_are_told_from_bursts(tmp_path):
    def make(step):
        seconds, nanoseconds = divmod(START_NS + step * 10_000_000, 10**9)
        return state(step, seconds * 10**9 + nanoseconds // 1000)

    told = said(states(tmp_path / 'bag', make, lambda s: START_NS + s * 10_000_000, count=600))
    assert 'microseconds, it seems' in told
    assert 'bursts' not in told
    assert 'gaps' not in told


def test_a_list_for_every_name_is_refused(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(20):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step, stamp), stamp)
        channels = [
            ros('sensor_msgs/msg/ChannelFloat32', name=name, values=np.zeros(2, dtype=np.float32))
            for name in odd_bags.NAMES
        ]
        cloud = ros('sensor_msgs/msg/PointCloud', header=state(step, stamp).header, points=[],
                    channels=channels)  # fmt: skip
        odd.add(cloud, stamp, '/cloud', 'sensor_msgs/msg/PointCloud')
    nested = term('channels[].values', 'cloud', 'sensor_msgs/msg/PointCloud',
                  names='channels[].name')  # fmt: skip
    with pytest.raises(ValueError, match=r'channels\[\]\.values'):
        observe(Bag(odd.close()), term(), nested)


def test_a_draft_names_commands_that_it_cannot_use(tmp_path):
    odd = Odd(tmp_path / 'bag')
    vector = ros('geometry_msgs/msg/Vector3', x=0.1, y=0.0, z=0.0)
    for step in range(20):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step, stamp), stamp)
        twist = ros('geometry_msgs/msg/Twist', linear=vector, angular=vector)
        odd.add(twist, stamp, '/cmd_vel', 'geometry_msgs/msg/Twist')
    text = draft(coverage(Bag(odd.close())), 'leg')
    assert 'commands were sent on cmd_vel (Twist)' in text
    assert 'no commands to go by' not in text


def test_a_compressed_copy_beside_a_file_is_the_same_recording(tmp_path):
    path = states(tmp_path / 'bag', storage=odd_bags.StoragePlugin.SQLITE3)
    other = odd_bags.compressed(tmp_path / 'zstd', odd_bags.StoragePlugin.SQLITE3, 'FILE')
    file = storage_file(other)
    file.rename(path / 'bag.db3.zstd')
    bag = Bag(path)
    assert bag.counts['joint_states'] == COUNT
    assert bag.damage is None
    assert bag.notes == ['bag.db3.zstd: the same recording as bag.db3; read once']


def test_a_run_of_this_package_has_no_oddities_of_its_own(tmp_path, walks):
    found = coverage(Bag(walks().folder))
    topics = found['topics'].values()
    odd = [text for t in topics for text in t['oddities'] if text not in t['minor']]
    assert all('gaps beyond' in text for text in odd), 'episodes lie apart'
    assert found['bag']['notes'] == []


def test_minor_things_need_verbose(tmp_path, capsys):
    path = states(tmp_path / 'bag', lambda s: state(s, effort=[0.0, 0.0, 0.0]))
    assert cli.main(['bag', str(path)]) == 0
    short = capsys.readouterr().out
    assert short.startswith(f'OK {path}: {COUNT} messages in 0.30 s (mcap), all of it read\n')
    assert 'always zero' not in short
    assert cli.main(['bag', str(path), '--verbose']) == 0
    assert 'effort: always zero: all' in capsys.readouterr().out


def test_events_of_services_are_no_part_that_is_missing(tmp_path, capsys):
    path = tmp_path / 'bag'
    odd = Odd(path, storage=odd_bags.StoragePlugin.SQLITE3)
    for step in range(20):
        odd.add(state(step), START_NS + step * PERIOD_NS)
        odd.raw('/set/_service_event', COMMAND, b'\x00\x01\x00\x00', START_NS + step)
    odd_bags.without_definitions(odd.close())
    import sqlite3

    with sqlite3.connect(storage_file(path)) as connection:
        connection.execute("UPDATE topics SET type = 'std_srvs/srv/SetBool_Event' "
                           "WHERE name LIKE '%event'")  # fmt: skip
    connection.close()
    assert cli.main(['bag', str(path)]) == 0
    told = capsys.readouterr().out
    assert told.startswith('OK ')
    assert 'set/_service_event: not decoded: type std_srvs/srv/SetBool_Event is unknown' in told
