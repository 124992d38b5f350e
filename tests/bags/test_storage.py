"""A bag reads the same however it is stored; broken parts are reported and the rest is read."""

import contextlib
import json
import sqlite3
import subprocess
import sys

import numpy as np
import odd_bags
import pytest
from mcap.writer import CompressionType, Writer
from odd_bags import COUNT, START_NS, sqlite, states, storage_file
from recording import STORE
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.coverage import coverage
from liquid_control.cli import main as cli
from liquid_control.control.stamps import stamp_ns

MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3


def content(path, topic='joint_states'):
    return [
        (stamp_ns(m), list(m.name), m.position.tolist(), m.velocity.tolist(), m.effort.tolist())
        for m in Bag(path).messages(topic)
    ]


@pytest.mark.parametrize(
    ('storage', 'mode'),
    [(MCAP, 'NONE'), (MCAP, 'STORAGE'), (MCAP, 'MESSAGE'), (MCAP, 'FILE'),
     (SQLITE, 'NONE'), (SQLITE, 'MESSAGE'), (SQLITE, 'FILE')],
)  # fmt: skip
def test_storage_and_compression_change_nothing(tmp_path, storage, mode):
    path = odd_bags.compressed(tmp_path / 'bag', storage, mode)
    expected = content(states(tmp_path / 'plain'))
    assert len(expected) == COUNT
    assert content(path) == content(storage_file(path)) == content(path) == expected
    assert Bag(path).damage is None
    assert Bag(path).storage == ('mcap' if storage is MCAP else 'sqlite3')


def other_writer(path, **options):
    """An MCAP file as written by the format's own library."""
    with path.open('wb') as stream:
        writer = Writer(stream, 2000, **options)
        writer.start('ros2')
        text = STORE.generate_msgdef(odd_bags.JOINT_STATE, ros_version=2)[0]
        schema = writer.register_schema(odd_bags.JOINT_STATE, 'ros2msg', text.encode())
        channel = writer.register_channel('/joint_states', 'cdr', schema)
        for step in range(COUNT):
            data = bytes(STORE.serialize_cdr(odd_bags.state(step), odd_bags.JOINT_STATE))
            writer.add_message(channel, START_NS + step, data, START_NS + step)
        writer.finish()
    return path


@pytest.mark.parametrize('compression', ['LZ4', 'ZSTD', 'NONE'])
@pytest.mark.parametrize('chunked', [True, False])
def test_mcap_files_of_another_writer_are_read(tmp_path, compression, chunked):
    path = other_writer(
        tmp_path / 'o.mcap', compression=CompressionType[compression], use_chunking=chunked
    )
    assert content(path) == content(states(tmp_path / 'plain'))
    assert Bag(path).damage is None


def test_only_a_real_ros_1_bag_is_refused(tmp_path):
    assert len(content(states(tmp_path / 'x.bag'))) == COUNT
    (tmp_path / 'y.bag').write_bytes(b'#ROSBAG V2.0\n')
    with pytest.raises(BagError, match='a ROS 1 bag; convert it first'):
        Bag(tmp_path / 'y.bag')


def test_types_are_those_of_the_bag_else_of_the_distribution(tmp_path):
    path = sqlite(tmp_path / 'bag')
    assert Bag(path).origin('joint_states') == 'bag'
    expected = content(path)
    odd_bags.without_definitions(path)
    assert Bag(path).origin('joint_states') == 'kilted'
    assert Bag(path, distro='humble').origin('joint_states') == 'humble'
    assert content(path) == expected
    with pytest.raises(BagError, match=r"unknown distribution 'humbel' .did you mean 'humble'"):
        Bag(path, distro='humbel')


def test_a_type_that_only_the_bag_knows_is_read(tmp_path):
    store = get_typestore(Stores.ROS2_KILTED)
    text = 'std_msgs/Header header\nMotor[] motors\n===\nMSG: acme_msgs/Motor\nfloat32 q\n'
    store.register(get_types_from_msg(text.replace('===', '=' * 80), 'acme_msgs/msg/Legs'))
    odd = odd_bags.Odd(tmp_path / 'bag', SQLITE, store=store)
    motor, legs = store.types['acme_msgs/msg/Motor'], store.types['acme_msgs/msg/Legs']
    message = legs(header=odd_bags.header(5), motors=[motor(q=0.5), motor(q=0.25)])
    odd.add(message, 5, '/legs', 'acme_msgs/msg/Legs')
    odd.add(odd_bags.state(0), 6)
    path = odd.close()
    (found,) = Bag(path).messages('legs')
    assert [one.q for one in found.motors] == [0.5, 0.25]
    odd_bags.without_definitions(path)
    bag = Bag(path)
    assert bag.counts == {'legs': 1, 'joint_states': 1}
    assert not bag.known('legs')
    assert len(list(bag.messages('joint_states'))) == 1
    with pytest.raises(
        BagError, match=r'legs: type acme_msgs/msg/Legs is unknown: .* --msgs FOLDER'
    ):
        list(bag.messages('legs'))


def test_a_pointer_of_git_lfs_is_refused_by_name(tmp_path):
    path = tmp_path / 'walk.mcap'
    path.write_text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n')
    with pytest.raises(BagError, match=r'walk\.mcap is a Git LFS pointer.*git lfs pull'):
        Bag(path)


def test_a_path_out_of_the_folder_is_refused(tmp_path):
    path = states(tmp_path / 'bag')
    odd_bags.metadata(path, '- bag.mcap', '- ../bag.mcap')
    with pytest.raises(BagError, match=r"'\.\./bag\.mcap' leads out of the bag's folder: refused"):
        Bag(path)


def test_missing_files_are_reported(tmp_path):
    path = states(tmp_path / 'bag')
    storage_file(path).rename(path / 'renamed.mcap')
    bag = Bag(path)
    assert bag.counts['joint_states'] == COUNT
    assert bag.damage is None
    assert bag.notes == [
        'metadata.yaml names bag.mcap, which is not there: read renamed.mcap instead'
    ]
    (path / 'renamed.mcap').unlink()
    with pytest.raises(BagError, match='no storage file beside it'):
        Bag(path)


def test_a_count_that_differs_from_what_was_promised_is_told(tmp_path):
    path = states(tmp_path / 'bag')
    odd_bags.metadata(path, f'message_count: {COUNT}', f'message_count: {COUNT + 9}')
    bag = Bag(path)
    assert bag.counts['joint_states'] == COUNT
    assert bag.damage == f'joint_states: {COUNT + 9} messages promised, {COUNT} found'


def test_other_quality_of_service_in_metadata(tmp_path):
    path = states(tmp_path / 'bag')
    odd_bags.metadata(path, 'offered_qos_profiles: []', "offered_qos_profiles: '- history: 9'")
    assert len(content(path)) == COUNT
    assert Bag(path).damage is None


def test_empty_bags_and_empty_topics_differ(tmp_path):
    for storage in (MCAP, SQLITE):
        with pytest.raises(BagError, match='no messages in this bag'):
            Bag(states(tmp_path / storage.name, storage=storage, count=0))


def test_a_log_that_never_came_into_the_database_is_read(tmp_path):
    path = odd_bags.unfinished_log(tmp_path / 'bag', tmp_path / 'left')
    before = sorted((p.name, p.read_bytes()) for p in path.iterdir())
    bag = Bag(path)
    assert len(list(bag.messages('joint_states'))) == 2 * COUNT
    assert any('read together with bag.db3-wal' in note for note in bag.notes)
    assert sorted((p.name, p.read_bytes()) for p in path.iterdir()) == before


@pytest.mark.parametrize('share', [0.3, 0.6, 0.9, 0.999])
def test_a_database_cut_short_is_read_as_far_as_it_goes(tmp_path, share):
    path = sqlite(tmp_path / 'bag', count=3000)
    whole = content(path)
    file = storage_file(path)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    bag = Bag(path)
    found = content(path)
    assert 'bag.db3 is damaged' in bag.damage
    place = {message[0]: message for message in whole}
    assert all(place[message[0]] == message for message in found)
    assert len(found) == bag.counts['joint_states'] > 3000 * (share - 0.35)


@pytest.mark.parametrize(('mode', 'count'), [('NONE', COUNT), ('STORAGE', 3000)])
def test_the_part_of_a_chunk_that_is_there_is_read(tmp_path, mode, count):
    path = odd_bags.compressed(tmp_path / 'bag', MCAP, mode, count)
    file = storage_file(path)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    bag = Bag(file)
    found = content(file)
    assert bag.damage == 'bag.mcap is cut short'
    assert found == content(states(tmp_path / 'plain', count=count))[: len(found)]
    assert len(found) > 10


def test_a_message_that_does_not_decode_is_left_out_and_counted(tmp_path):
    odd = odd_bags.Odd(tmp_path / 'bag')
    for step in range(20):
        if step in (5, 6):
            odd.raw('/joint_states', odd_bags.JOINT_STATE, b'\x00\x01\x00\x00\xff', START_NS + step)
        else:
            odd.add(odd_bags.state(step), START_NS + step)
    bag = Bag(odd.close())
    for _ in range(2):  # reading again counts nothing twice
        assert len(list(bag.messages('joint_states'))) == 18
    assert bag.damage.startswith(
        '2 messages of joint_states cannot be decoded as sensor_msgs/msg/JointState'
    )


def test_flipped_bits_under_a_checksum_lose_a_chunk_and_say_so(tmp_path):
    path = other_writer(tmp_path / 'summed.mcap', compression=CompressionType.NONE)
    assert Bag(path).checked
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    bag = Bag(path)
    assert 'its checksum differs; it is left out' in bag.damage
    assert f'joint_states: {COUNT} messages promised, {bag.counts["joint_states"]} found' in (
        bag.damage
    )
    assert COUNT - 20 < bag.counts['joint_states'] < COUNT


def test_memory_does_not_grow_with_the_length(tmp_path):
    """Reading 40,000 messages has the peak memory of reading 4,000, within 8 MB."""
    peaks = []
    for count in (4_000, 40_000):
        path = states(tmp_path / str(count), count=count)
        code = (
            'import json, sys, resource; from liquid_control.bags.bag import Bag;'
            'from liquid_control.bags.merging import sensed;'
            'from liquid_control.control import Contract;'
            'contract = Contract.from_dict(json.loads(sys.argv[2]));'
            'n = sum(1 for _ in sensed(Bag(sys.argv[1]), contract, {}));'
            'print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)'
        )
        command = [sys.executable, '-c', code, str(path), json.dumps(odd_bags.leg())]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found, peak = map(int, done.stdout.split())
        assert found == count
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 8_000


def test_a_file_outside_the_metadata(tmp_path):
    path = states(tmp_path / 'bag')
    storage_file(states(tmp_path / 'other')).rename(path / 'other.mcap')
    bag = Bag(path)
    assert bag.counts['joint_states'] == COUNT
    assert bag.damage == 'other.mcap: not named in metadata.yaml, so not read'
    (path / 'metadata.yaml').unlink()
    bag = Bag(path)
    assert bag.counts['joint_states'] == 2 * COUNT
    assert bag.damage is None
    assert 'metadata.yaml is missing, but every file is complete' in bag.notes


@pytest.mark.parametrize('text', ['', 'a: [', '[]', 'rosbag2_bagfile_information: 3', '\x00'])
def test_metadata_that_cannot_be_read_is_told(tmp_path, text):
    path = states(tmp_path / 'bag', count=5)
    (path / 'metadata.yaml').write_text(text)
    bag = Bag(path)
    assert bag.counts['joint_states'] == 5
    assert bag.damage.startswith('metadata.yaml cannot be read')


def test_several_files_are_read_in_the_order_of_the_metadata(tmp_path):
    path = states(tmp_path / 'bag', count=5)
    more = states(tmp_path / 'more', lambda step: odd_bags.state(step + 5), count=5)
    storage_file(path).rename(path / 'part_1.mcap')
    storage_file(more).rename(path / 'part_0.mcap')
    odd_bags.metadata(path, '- bag.mcap', '- part_1.mcap\n  - part_0.mcap')
    odd_bags.metadata(path, 'message_count: 5', 'message_count: 10')
    stamps = [message[0] for message in content(path)]
    assert stamps == [START_NS + step * odd_bags.PERIOD_NS for step in range(10)]
    assert Bag(path).damage is None


def test_messages_that_are_not_in_cdr_are_counted_and_told(tmp_path):
    path = sqlite(tmp_path / 'bag')
    with sqlite3.connect(storage_file(path)) as connection:
        connection.execute("UPDATE topics SET serialization_format = 'json'")
    connection.close()
    bag = Bag(path)
    assert bag.counts['joint_states'] == COUNT
    assert not bag.known('joint_states')
    with pytest.raises(BagError, match="joint_states: expected messages in cdr, found 'json'"):
        list(bag.messages('joint_states'))
    assert cli.main(['bag', str(path)]) == 1


def test_a_broken_definition_is_replaced(tmp_path):
    path = sqlite(tmp_path / 'bag')
    with sqlite3.connect(storage_file(path)) as connection:
        connection.execute("UPDATE message_definitions SET encoded_message_definition = '&?'")
    connection.close()
    bag = Bag(path)
    assert any('the definition of sensor_msgs/msg/JointState cannot' in n for n in bag.notes)
    assert bag.origin('joint_states') == 'kilted'
    assert len(content(path)) == COUNT


@pytest.mark.parametrize('make', [states, sqlite])
def test_damaged_bytes_raise_nothing_but_bag_errors(tmp_path, make):
    path = make(tmp_path / 'bag')
    file = storage_file(path)
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for trial in range(40):
        hurt = bytearray(whole)
        for place in rng.integers(0, len(whole) if trial % 2 else 4000, 10):
            hurt[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(hurt)
        with contextlib.suppress(BagError):
            coverage(Bag(path))
