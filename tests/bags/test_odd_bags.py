"""Every oddity seen in real bags is handled, repaired and counted, or refused by name."""

import sqlite3

import numpy as np
import odd_bags
import pytest
from odd_bags import (
    COMMAND,
    COUNT,
    JOINT_STATE,
    NAMES,
    PERIOD_NS,
    START_NS,
    Odd,
    good,
    leg,
    observe,
    said,
    state,
    states,
    term,
)
from recording import ros

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.coverage import coverage
from liquid_control.control import Contract


def test_a_good_bag_has_no_oddities(tmp_path):
    path = states(tmp_path / 'bag')
    stamps, values = observe(Bag(path))
    assert stamps == [START_NS + s * PERIOD_NS for s in range(COUNT)]
    assert (values == good()).all()
    assert said(path) == ''
    bag = Bag(path)
    list(bag.messages('joint_states'))
    assert (bag.damage, bag.notes, dict(bag.left_out)) == (None, [], {})


def test_two_reads_are_equal(tmp_path):
    path = states(tmp_path / 'bag')
    contract = Contract.from_dict(leg())
    assert coverage(Bag(path), contract) == coverage(Bag(path), contract)
    first, second = (observe(Bag(path)) for _ in range(2))
    assert first[0] == second[0]
    assert first[1].tobytes() == second[1].tobytes()


# names and joints


def test_values_without_names_need_an_order(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, name=[]))
    with pytest.raises(BagError, match=r"none of 150 messages can be used.*'hip'"):
        observe(Bag(path))
    assert 'position: values without names in 150 messages: specify an order' in said(path)
    _, values = observe(Bag(path), term(order=['knee', 'hip', 'toe']))
    assert (values == good()[:, [1, 0, 2]]).all()


def test_each_topic_has_its_own_joint_names(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step), stamp)
        odd.add(state(step, name=[f'leg_{n}' for n in NAMES]), stamp, '/joint_commands')
    path = odd.close()
    told = term(topic='joint_commands', joints=[f'leg_{n}' for n in NAMES], hold=True)
    _, values = observe(Bag(path), term(), told)
    assert (values[:, :3] == good()).all()
    with pytest.raises(BagError, match=r"joint_commands: none of .* 'hip' .*leg_hip"):
        observe(Bag(path), term(), term(topic='joint_commands', hold=True))


def test_joint_order_may_change(tmp_path):
    def make(step):
        if step % 10 == 0:
            return state(step, name=['gripper'], position=[1.0], velocity=[0.0], effort=[0.0])
        order = [2, 0, 1] if step % 2 else [0, 1, 2]
        return state(step, name=[NAMES[i] for i in order], position=odd_bags.angles(step)[order])

    path = states(tmp_path / 'bag', make)
    bag = Bag(path)
    _, values = observe(bag)
    keep = [s for s in range(COUNT) if s % 10]
    assert (values == good()[keep]).all()
    assert sum(bag.left_out.values()) == COUNT // 10
    assert any("'hip'" in why for _, why in bag.left_out)
    assert 'position: names or sizes change from message to message' in said(path)


def test_a_joint_state_of_other_things(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, name=['battery', 'fan', 'hip']))
    with pytest.raises(BagError, match=r"'knee'.*battery, fan, hip"):
        observe(Bag(path))
    found = coverage(Bag(path), Contract.from_dict(leg()))
    assert found['contract']['terms'][0]['missing'] == ['knee', 'toe']
    assert "'knee'" in found['contract']['why_not']


# values


@pytest.mark.parametrize('field', ['position', 'velocity', 'effort'])
def test_an_empty_field_is_refused_by_name_and_hurts_no_other(tmp_path, field):
    path = states(tmp_path / 'bag', lambda s: state(s, **{field: []}))
    with pytest.raises(BagError, match=f'{field} has 0 values for 3 names'):
        observe(Bag(path), term(field))
    assert f'{field}: always empty' in said(path)
    other = 'effort' if field != 'effort' else 'position'
    assert len(observe(Bag(path), term(other))[0]) == COUNT


def test_efforts_that_are_nan_stay_nan_and_are_told(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, effort=[np.nan] * 3))
    assert 'effort: always NaN: all' in said(path)
    assert np.isnan(observe(Bag(path), term('effort'))[1]).all()
    found = coverage(Bag(path), Contract.from_dict(leg(term(), term('effort'))))['contract']
    assert (found['complete'], found['finite']) == (COUNT, 0)
    assert [row['not_finite'] for row in found['terms']] == [0, COUNT]


def test_velocities_that_are_all_zero_are_told(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, velocity=[0.0] * 3))
    assert said(path) == 'velocity: always zero: all'


def test_the_mark_for_no_value_is_no_number(tmp_path):
    def make(step):
        position = odd_bags.angles(step)
        position[1] = 2.146e9 if step % 3 == 0 else position[1]
        return state(step, position=position)

    path = states(tmp_path / 'bag', make)
    _, values = observe(Bag(path), term(clip=[-3.0, 3.0]))
    marked = np.arange(COUNT) % 3 == 0
    assert np.isnan(values[marked, 1]).all()
    assert (values[~marked] == good()[~marked]).all()
    assert 'position: says "no value" (2.146e9), read as NaN: knee' in said(path)
    channel = coverage(Bag(path))['topics']['joint_states']['fields']['position']['channels'][
        'knee'
    ]
    assert channel['sentinel'] == marked.sum()
    assert channel['max'] <= 1.0


def test_repeated_values_and_joints_that_stand_still_are_told(tmp_path):
    path = states(
        tmp_path / 'bag', lambda s: state(s, position=[*odd_bags.angles(s - s % 2)[:2], 7])
    )
    text = said(path)
    assert 'position: repeats the previous value in more than a tenth of the messages: hip' in text
    assert 'position: constant: toe' in text


def test_continuous_joints_beyond_a_turn_are_used_as_they_are(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, position=odd_bags.angles(s) + 40.0))
    assert (observe(Bag(path))[1] > 2 * np.pi).all()
    assert said(path) == ''


def test_commands_that_pause_for_a_minute_hold(tmp_path):
    odd = Odd(tmp_path / 'bag')
    stamps = [START_NS, START_NS + 60_000_000_000]
    for second in range(60):
        odd.add(state(second, stamp=START_NS + second * 10**9 + 1), START_NS + second * 10**9 + 1)
    for step, stamp in enumerate(stamps):
        odd.add(state(step, stamp=stamp), stamp, '/joint_commands')
    bag = Bag(odd.close())
    _, values = observe(bag, term(), term(topic='joint_commands', hold=True))
    assert len(values) == 60
    assert (values[:, 3:] == good()[0]).all()


def test_of_a_topic_with_two_types_the_one_asked_for_is_used(tmp_path):
    odd = Odd(tmp_path / 'bag')
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for step in range(20):
        odd.add(state(step), START_NS + 2 * step)
        odd.add(ros(COMMAND, layout=layout, data=np.ones(3)), START_NS + 2 * step, kind=COMMAND)
    bag = Bag(odd.close())
    assert any('has several types' in note for note in bag.notes)
    _, values = observe(bag)
    assert (values == good()[:20]).all()
    assert bag.left_out['joint_states', f'has type {COMMAND}, not {JOINT_STATE}'] == 20
    assert bag.damage is None
    with pytest.raises(BagError, match=f'expected sensor_msgs/msg/Imu, found {JOINT_STATE}'):
        observe(bag, term('x', 'joint_states', 'sensor_msgs/msg/Imu'))


@pytest.mark.parametrize('column', ['name', 'type', 'serialization_format'])
def test_a_topic_whose_name_or_type_is_no_text_is_damage(tmp_path, column):
    path = odd_bags.sqlite(tmp_path / 'bag')
    with sqlite3.connect(odd_bags.storage_file(path)) as connection:
        connection.execute(f"UPDATE topics SET {column} = x'00ff'")
    with pytest.raises(BagError, match='a name or type that is not text'):
        Bag(path)


def test_a_receive_stamp_that_is_no_time_is_damage(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(10):
        odd.add(state(step), START_NS + step * PERIOD_NS if step != 4 else 2**63 + 5)
    bag = Bag(odd.close())
    assert bag.counts['joint_states'] == 9
    assert 'a message with an invalid receive stamp' in bag.damage
