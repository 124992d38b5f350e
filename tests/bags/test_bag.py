"""Bags are read whether complete, cut short or without metadata; defects are reported."""

import numpy as np
import pytest
from recording import STORE, Recorder, command, joint_state
from support import arm

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.commands import NOTHING, LabelledCommands
from liquid_control.bags.merging import sensed
from liquid_control.control import Contract
from liquid_control.control.commands import command_codec


def stamps_of(bag, topic='joint_states'):
    return [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in bag.messages(topic)]


def long_bag(folder, count=36_000):
    recorder = Recorder(folder / 'bag')
    for index in range(count):
        message = joint_state(10**9 + index, ['a', 'b'], [index, -index])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    return folder / 'bag'


def damage(path):
    """The damage reported after reading a whole bag."""
    try:
        bag = Bag(path)
        for topic in bag.counts:
            list(bag.messages(topic))
    except BagError as error:
        return str(error)
    return bag.damage


def test_a_bag_is_found_by_run_folder_bag_folder_and_file(walks):
    folder = walks().folder
    paths = (folder, folder / 'bag', folder / 'bag' / 'bag.mcap')
    bags = [Bag(path) for path in paths]
    assert all(bag.damage is None for bag in bags)
    assert bags[0].counts == bags[1].counts == bags[2].counts
    assert bags[0].types['joint_states'] == 'sensor_msgs/msg/JointState'
    assert stamps_of(bags[0]) == sorted(stamps_of(bags[2]))


@pytest.mark.parametrize('share', [0.3, 0.5, 0.9, 0.999])
def test_a_bag_cut_short_is_read_as_far_as_it_goes(tmp_path, share):
    path = long_bag(tmp_path) / 'bag.mcap'
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    (path.parent / 'metadata.yaml').unlink()
    bag = Bag(tmp_path)
    assert 'stopped before it finished' in bag.damage
    found = stamps_of(bag)
    assert found == [10**9 + i for i in range(len(found))]
    assert len(found) > 36_000 * share - 9_000
    (path.parent / 'metadata.yaml').write_text('')
    assert Bag(path.parent).damage.endswith('bag.mcap is cut short')


def test_what_a_killed_recorder_had_written_is_read(tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    for index in range(50):
        message = joint_state(10**9 + index, ['a'], [index])
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.writer.storage.close_chunk()
    message = joint_state(2 * 10**9, ['a'], [0])
    recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.writer.storage.bio.flush()
    bag = Bag(tmp_path)
    assert 'metadata.yaml is missing' in bag.damage
    assert stamps_of(bag) == [10**9 + i for i in range(50)]
    recorder.close()
    assert Bag(tmp_path).damage is None


def test_every_cut_says_something_and_raises_nothing_else(walks, tmp_path):
    content = (walks().folder / 'bag' / 'bag.mcap').read_bytes()
    path = tmp_path / 'cut.mcap'
    for size in np.linspace(0, len(content) - 1, 60).astype(int):
        path.write_bytes(content[:size])
        assert damage(path)


def test_damaged_bytes_say_something_and_raise_nothing_else(walks, tmp_path):
    content = (walks().folder / 'bag' / 'bag.mcap').read_bytes()
    path, rng = tmp_path / 'hurt.mcap', np.random.default_rng(0)
    for _ in range(60):
        hurt = bytearray(content)
        for place in rng.integers(0, len(content), 20):
            hurt[place] ^= 0xFF
        path.write_bytes(hurt)
        assert damage(path) or Bag(path).notes


def test_what_is_no_bag_is_refused_with_what_is_there(tmp_path):
    with pytest.raises(BagError, match='no such folder or file'):
        Bag(tmp_path / 'nothing')
    (tmp_path / 'notes.txt').write_text('x')
    with pytest.raises(BagError, match=r'no bag here.*notes\.txt'):
        Bag(tmp_path)
    with pytest.raises(BagError, match=r'expected a folder with a bag, or an \.mcap or \.db3 file'):
        Bag(tmp_path / 'notes.txt')
    (tmp_path / 'a.mcap').write_bytes(b'not at all')
    with pytest.raises(BagError, match=r'no messages in this bag: .*not an MCAP file'):
        Bag(tmp_path / 'a.mcap')


def test_a_bag_without_messages_is_refused(tmp_path):
    Recorder(tmp_path / 'bag').close()
    with pytest.raises(BagError, match='no messages in this bag'):
        Bag(tmp_path)


def test_topics_merge_by_stamp_and_the_pace_comes_last(walks, robot):
    data = robot.to_dict()
    data['observation'].append(
        {
            'name': 'spin',
            'topic': 'imu/data',
            'type': 'sensor_msgs/msg/Imu',
            'field': 'angular_velocity',
            'components': ['x'],
            'unit': 'rad/s',
        }
    )
    contract = Contract.from_dict(data)
    order = [
        (topic, message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)
        for topic, message in sensed(Bag(walks().folder), contract, {})
    ]
    assert [stamp for _, stamp in order] == sorted(stamp for _, stamp in order)
    assert [topic for topic, _ in order[:4]] == ['imu/data', 'joint_states'] * 2


def test_a_topic_keeps_its_own_order(robot, tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    sent = [5, 3, 8, 8, 1]
    for stamp in sent:
        message = joint_state(stamp, robot.terms[1].channels, np.zeros(9), np.zeros(9))
        recorder.write('/joint_states', 'sensor_msgs/msg/JointState', message)
    recorder.close()
    bag = Bag(tmp_path)
    assert stamps_of(bag) == sent
    merged = [m.header.stamp.nanosec for _, m in sensed(bag, robot, {})]
    assert merged == sent


def test_commands_are_taken_by_the_stamp_that_they_answer(tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    for stamp, value in ((7, 0.1), (9, 0.2), (7, 0.3)):
        message = command(stamp, [value, 0.0])
        recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', message)
    unlabelled = command(0, [0.0, 0.0])
    unlabelled.layout.dim.clear()
    recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', unlabelled)
    recorder.close()
    found = LabelledCommands(Bag(tmp_path), Contract.from_dict(arm()), {})
    assert found.take(7, 7).command[0] == np.float32(0.1)
    assert found.take(7, 7).command[0] == np.float32(0.3)
    assert found.take(7, 7) == found.take(8, 8) == NOTHING
    assert found.take(9, 9).answers
    assert command_codec(Contract.from_dict(arm())).answered(unlabelled) is None


def labelled(path, stamps):
    recorder = Recorder(path / 'bag')
    for stamp in stamps:
        message = command(stamp, [0.001 * (stamp % 1000), 0.0])
        recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', message)
    recorder.close()
    return LabelledCommands(Bag(path), Contract.from_dict(arm()), {})


def test_a_far_command_holds_up_no_other(tmp_path):
    stamps = [step if step != 700 else 10**9 for step in range(1, 6001)]
    found, latest = labelled(tmp_path, stamps), 0
    for stamp in stamps:
        latest = stamp if stamp < 10**9 else latest
        assert found.take(stamp, latest).answers, stamp


def test_commands_without_observations_are_skipped(tmp_path):
    found = labelled(tmp_path, range(1, 9001))
    assert found.take(10, 10).answers
    for stamp in range(4000, 9001):
        assert found.take(stamp, stamp).answers, stamp


def test_a_stop_answers_no_observation(tmp_path):
    found = labelled(tmp_path, [0] * 1500 + [5] + [0] * 1500 + [6])
    assert found.take(0, 5) == NOTHING
    assert found.take(5, 5).answers
    assert found.take(6, 6).answers


def test_a_message_of_another_type_ends_the_topic_with_a_word(tmp_path):
    recorder = Recorder(tmp_path / 'bag')
    recorder.write('/joint_states', 'sensor_msgs/msg/JointState', joint_state(1, ['a'], [1.0]))
    connection = recorder._connections['/joint_states']
    recorder.writer.write(connection, 2, b'\x00\x01\x00\x00\xff\xff')
    recorder.close()
    bag = Bag(tmp_path)
    assert len(list(bag.messages('joint_states'))) == 1
    assert 'a message of joint_states cannot be decoded as sensor_msgs/msg/JointState' in bag.damage


def test_sqlite_bags_are_read_alike(walks, tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer

    whole = Bag(walks().folder)
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {}
        for clock, (channel, _, data) in enumerate(whole._records(list(whole.counts))):
            if channel.topic not in connections:
                connections[channel.topic] = writer.add_connection(
                    '/' + channel.topic, channel.type, typestore=STORE
                )
            writer.write(connections[channel.topic], clock, data)
    bag = Bag(tmp_path)
    assert bag.counts == whole.counts
    assert stamps_of(bag) == stamps_of(whole)
    (tmp_path / 'bag' / 'bag.db3').write_bytes(b'SQLite format 3\x00 and then nothing')
    with pytest.raises(BagError, match='no messages'):
        Bag(tmp_path)
