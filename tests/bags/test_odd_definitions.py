"""One bad string or definition costs at most itself, and the place is named."""

import numpy as np
import pytest
from odd_bags import (
    COUNT,
    JOINT_STATE,
    PERIOD_NS,
    START_NS,
    Odd,
    good,
    metadata,
    observe,
    sqlite,
    state,
    states,
    storage_file,
    term,
    without_definitions,
)
from recording import STORE, header, ros
from rosbags.rosbag2 import StoragePlugin
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.coverage import coverage

MOTORS = 'my_msgs/msg/Motors'
MOTORS_TEXT = 'std_msgs/Header header\nstring[] name\nfloat64[] position\n'


def edited(bag, old: bytes, new: bytes):
    """Replace bytes in a bag's uncompressed file."""
    file = storage_file(bag)
    content = file.read_bytes()
    assert old in content
    assert len(old) == len(new)
    file.write_bytes(content.replace(old, new))
    return bag


def redefined(path, text: str, kind: str = JOINT_STATE):
    """A bag of joint states whose definition in the file is this text."""
    from mcap.writer import CompressionType, Writer

    path.mkdir()
    with (path / 'bag.mcap').open('wb') as stream:
        writer = Writer(stream, compression=CompressionType.NONE)
        writer.start(profile='ros2')
        schema = writer.register_schema(kind, 'ros2msg', text.encode('latin-1'))
        channel = writer.register_channel('/joint_states', 'cdr', schema)
        for step in range(COUNT):
            time = START_NS + step * PERIOD_NS
            data = bytes(STORE.serialize_cdr(state(step), JOINT_STATE))
            writer.add_message(channel, time, data, time)
        writer.finish()
    return path


def text_of(kind: str) -> str:
    return STORE.generate_msgdef(kind)[0]


def motors(path, storage=StoragePlugin.SQLITE3):
    """A bag of a type that no distribution knows, without its definition."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(MOTORS_TEXT, MOTORS))
    odd = Odd(path, storage=storage, store=store)
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        message = store.types[MOTORS](
            header=header(stamp), name=['hip', 'knee', 'toe'], position=state(step).position
        )
        odd.add(message, stamp, '/motors', MOTORS)
    return without_definitions(odd.close())


def test_a_topic_name_that_is_not_utf8_costs_no_other_topic(tmp_path):
    for name, storage in (('mcap', StoragePlugin.MCAP), ('db3', StoragePlugin.SQLITE3)):
        odd = Odd(tmp_path / name, storage=storage)
        for step in range(COUNT):
            odd.add(state(step), START_NS + step * PERIOD_NS)
            odd.add(state(step), START_NS + step * PERIOD_NS, '/moteur')
        path = edited(odd.close(), b'/moteur', b'/m\xf4teur')
        bag = Bag(path)
        assert (observe(bag)[1] == good()).all()
        assert bag.counts['m\ufffdteur'] == COUNT
        assert bag.damage is None
        assert any('is not UTF-8: read with the bytes replaced' in note for note in bag.notes)


def test_a_frame_that_is_not_utf8_is_read_as_rclpy_reads_it(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, header=header(START_NS + s, 'base_xx')))
    bag = Bag(edited(path, b'base_xx', b'base_\xff\xfe'))
    frames = {message.header.frame_id for message in bag.messages('joint_states')}
    assert frames == {b'base_\xff\xfe'.decode(errors='replace')}
    assert len(list(bag.messages('joint_states'))) == COUNT
    assert bag.damage is None
    assert any('joint_states: header.frame_id' in note for note in bag.notes)


def test_names_that_are_not_utf8_are_each_replaced(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, name=['hip', 'kn??', 'to?']))
    path = edited(edited(path, b'kn??', b'kn\xe9\xe8'), b'to?', b'to\xff')
    names = next(Bag(path).messages('joint_states')).name
    assert names == ['hip', 'kn\ufffd\ufffd', 'to\ufffd']


@pytest.mark.parametrize('text', [
    text_of(JOINT_STATE),
    text_of(JOINT_STATE).replace('\n', '\r\n'),
    text_of(JOINT_STATE).split('=' * 80)[0],
    '# angle in \xb0\n' + text_of(JOINT_STATE),
    '',
    '  \n',
    'float64[ position\n',
    text_of(JOINT_STATE).replace('uint32 nanosec', 'uint32 ???'),
])  # fmt: skip
def test_joint_states_are_read_whatever_their_definition(tmp_path, text):
    bag = Bag(redefined(tmp_path / 'bag', text))
    assert (observe(bag)[1] == good()).all()
    assert bag.damage is None


def test_the_name_of_a_type_may_lack_its_msg(tmp_path):
    bag = Bag(redefined(tmp_path / 'bag', text_of(JOINT_STATE), 'sensor_msgs/JointState'))
    assert bag.types['joint_states'] == JOINT_STATE
    assert (observe(bag)[1] == good()).all()


def test_the_reason_names_where_a_definition_breaks(tmp_path):
    bag = Bag(redefined(tmp_path / 'bag', 'float64[ position\nfloat64 x\n'))
    assert any("it cannot be parsed from 'float64[ position' on" in note for note in bag.notes)
    bag = Bag(redefined(tmp_path / 'other', text_of(JOINT_STATE).split('=' * 80)[0]))
    assert any('lacks builtin_interfaces/msg/Time (taken from kilted)' in n for n in bag.notes)


def test_files_give_the_types_that_a_bag_does_not_define(tmp_path):
    path = motors(tmp_path / 'bag')
    with pytest.raises(BagError, match=rf'type {MOTORS} is unknown: .* --msgs FOLDER'):
        list(Bag(path).messages('motors'))
    why = coverage(Bag(path))['topics']['motors']['oddities']
    assert why == [f'not decoded: {Bag(path).why_unknown("motors")}']
    folder = tmp_path / 'src' / 'my_msgs' / 'msg'
    folder.mkdir(parents=True)
    (folder / 'Motors.msg').write_bytes(MOTORS_TEXT.replace('\n', '\r\n').encode())
    asked = term('position', 'motors', MOTORS)
    for msgs in (tmp_path / 'src', folder, folder.parent):
        bag = Bag(path, msgs=msgs)
        assert (observe(bag, asked)[1] == good()).all()
        assert bag.origin('motors') == 'the folder of --msgs'
    for wrong, said in ((tmp_path / 'nothing', 'no such folder'), (path, 'expected .msg files')):
        with pytest.raises(BagError, match=said):
            Bag(path, msgs=wrong)


def test_the_distribution_that_the_metadata_names_is_used(tmp_path):
    path = without_definitions(sqlite(tmp_path / 'bag'))
    for name, used in (('humble', 'humble'), ('rosbags', 'kilted')):
        text = (path / 'metadata.yaml').read_text()
        old = next(line for line in text.splitlines() if 'ros_distro' in line)
        metadata(path, old, f'  ros_distro: {name}')
        assert Bag(path).origin('joint_states') == used
    assert Bag(path, 'jazzy').origin('joint_states') == 'jazzy'


@pytest.mark.parametrize('fields', [
    ('reference', 'feedback', 'error', 'output'),
    ('reference', 'feedback', 'error', 'output', 'desired', 'actual'),
    ('desired', 'actual', 'error'),
], ids=['new', 'Humble', 'Foxy'])  # fmt: skip
def test_trajectory_controller_state_is_known(tmp_path, fields):
    kind = 'control_msgs/msg/JointTrajectoryControllerState'
    point = 'trajectory_msgs/JointTrajectoryPoint '
    text = 'std_msgs/Header header\nstring[] joint_names\n'
    text += ''.join(f'{point}{name}\n' for name in fields)
    if len(fields) > 3:
        text += 'string[] multi_dof_joint_names\n' + ''.join(
            f'trajectory_msgs/MultiDOFJointTrajectoryPoint multi_dof_{name}\n' for name in fields
        )
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(text, kind))
    odd = Odd(tmp_path / 'bag', storage=StoragePlugin.SQLITE3, store=store)
    nothing = ros('builtin_interfaces/msg/Duration', sec=0, nanosec=0)
    point = {'velocities': np.zeros(0), 'accelerations': np.zeros(0), 'time_from_start': nothing}
    for step in range(20):
        values = {'multi_dof_joint_names': []} if len(fields) > 3 else {}
        for index, name in enumerate(fields):
            values[name] = ros(
                'trajectory_msgs/msg/JointTrajectoryPoint',
                positions=np.full(2, float(index + step)),
                effort=np.zeros(0),
                **point,
            )
            if len(fields) > 3:
                values[f'multi_dof_{name}'] = ros(
                    'trajectory_msgs/msg/MultiDOFJointTrajectoryPoint',
                    transforms=[],
                    **{**point, 'velocities': [], 'accelerations': []},
                )
        stamp = START_NS + step * PERIOD_NS
        message = store.types[kind](header=header(stamp), joint_names=['a', 'b'], **values)
        odd.add(message, stamp, '/state', kind)
    bag = Bag(without_definitions(odd.close()))
    assert bag.origin('state') == 'control_msgs'
    found = list(bag.messages('state'))
    assert len(found) == 20
    for index, name in enumerate(fields):
        assert getattr(found[3], name).positions.tolist() == [index + 3.0] * 2
