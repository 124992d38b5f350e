"""Laws of the command codecs: what is filled in is read again, and what is odd is refused."""

import sys
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from recording import STORE
from support import arm

from liquid_control.bags.empty import empty_message
from liquid_control.control import Contract, ContractError
from liquid_control.control.commands import CommandError, command_codec, command_reader
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY, JOINT_STATE

STAMP, JOINTS = 1_700_000_000_123_456_789, ('hip', 'knee', 'toe')
VALUES = np.array([0.1, -2.5, 1e-300])
CASES = [
    (FLOAT64_MULTI_ARRAY, None),
    *((JOINT_STATE, f) for f in ('position', 'velocity', 'effort')),
]


def contract(kind, field=None, joints=JOINTS, unit='1'):
    data = arm()
    data['action'] = {
        'topic': 'commands', 'type': kind, 'joints': list(joints), 'unit': unit, 'lower': -1.0,
        'upper': 1.0, 'safe': 0.0, **({'field': field} if field else {}),
    }  # fmt: skip
    return Contract.from_dict(data)


def plain(kind):
    """Any object with the attributes of a message."""
    header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0))
    fields = {'data': np.zeros(0), 'layout': SimpleNamespace(dim=[]), 'header': header, 'name': []}
    fields.update((name, np.zeros(0)) for name in ('position', 'velocity', 'effort'))
    if kind == FLOAT64_MULTI_ARRAY:
        del fields['header']
    return SimpleNamespace(**fields)


def live(kind):
    wire = pytest.importorskip('liquid_control.nodes.wire', exc_type=ImportError)
    return wire.message_type(kind)


MAKERS = {
    'plain': lambda kind: partial(plain, kind),
    'rosbags': lambda kind: partial(empty_message, STORE, kind),
    'rclpy': live,
}


@pytest.mark.parametrize('make', MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(('kind', 'field'), CASES)
def test_what_is_filled_in_is_read_again(kind, field, make):
    for joints in permutations(JOINTS):
        codec = command_codec(contract(kind, field, joints))
        message = codec.empty(make)
        for stamp, values in ((7, np.zeros(3)), (STAMP, VALUES)):
            assert codec.fill(message, stamp, values) is message
            assert codec.read(message).tobytes() == values.tobytes()
            assert codec.answered(message) == stamp
        codec.fill(message, 0, VALUES)
        assert codec.answered(message) == 0, 'a stop answers no observation'


def test_joints_are_matched_by_name():
    sent = command_codec(contract(JOINT_STATE, 'effort'))
    message = sent.fill(sent.empty(MAKERS['rosbags']), STAMP, VALUES)
    for joints in permutations(JOINTS, 2):
        found = command_codec(contract(JOINT_STATE, 'effort', joints)).read(message)
        assert found.tolist() == [VALUES[JOINTS.index(joint)] for joint in joints]


@pytest.mark.parametrize('make', MAKERS.values(), ids=MAKERS)
def test_a_live_message_is_what_a_bag_holds(make):
    codec = command_codec(contract(JOINT_STATE, 'velocity'))
    message = codec.fill(codec.empty(make), STAMP, VALUES)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == divmod(STAMP, 10**9)
    assert list(message.name) == list(JOINTS)
    assert list(message.velocity) == VALUES.tolist()
    assert len(message.position) == len(message.effort) == 0


def renamed(message):
    message.name[1] = 'wrist'


def shortened(message):
    message.effort = message.effort[:2]


def with_nan(message):
    message.effort[2] = np.nan


def named_again(message):
    message.name[0] = 'knee'


def emptied(message):
    message.effort = None


@pytest.mark.parametrize(('change', 'said'), [
    (renamed, "'knee'.*there are: hip, toe, wrist"),
    (shortened, 'effort has 2 values for 3 names'),
    (with_nan, 'expected 3 finite values, found nan for toe'),
    (named_again, "knee is named more than once|'hip'.*there are"),
    (emptied, 'whose effort is a NoneType'),
])  # fmt: skip
def test_joint_states_that_are_no_command(change, said):
    codec = command_codec(contract(JOINT_STATE, 'effort'))
    message = deepcopy(codec.fill(codec.empty(MAKERS['plain']), STAMP, VALUES))
    change(message)
    with pytest.raises(CommandError, match=said):
        codec.read(message)


@pytest.mark.parametrize(('data', 'said'), [
    (np.zeros(2), 'has 2 values for 3 joints'),
    (np.zeros(0), 'has 0 values for 3 joints'),
    (np.array([0.0, np.inf, 0.0]), 'expected 3 finite values, found inf for knee'),
    (None, 'cannot be read as a std_msgs/msg/Float64MultiArray'),
])  # fmt: skip
def test_numbers_that_are_no_command(data, said):
    codec = command_codec(contract(FLOAT64_MULTI_ARRAY))
    message = codec.empty(MAKERS['plain'])
    message.data = data
    with pytest.raises(CommandError, match=said):
        codec.read(message)


@pytest.mark.parametrize('label', ['', 'joints', '-5', '1.5', '²', '1' * 20])
def test_a_label_that_is_no_stamp_answers_none(label):
    codec = command_codec(contract(FLOAT64_MULTI_ARRAY))
    message = codec.empty(MAKERS['plain'])
    message.layout.dim[0].label = label
    assert codec.answered(message) is None
    message.layout.dim = []
    assert codec.answered(message) is None


def test_a_type_without_a_codec_is_refused():
    other = contract('control_msgs/msg/JointJog')
    for found in (command_codec, command_reader):
        with pytest.raises(ContractError, match=f'JointJog cannot be read.*{JOINT_STATE}'):
            found(other)
    twist = contract('geometry_msgs/msg/Twist', joints=('linear.x',))
    assert command_reader(twist).joints == ('linear.x',)
    with pytest.raises(ContractError, match=f'not be sent.*{JOINT_STATE}.*{FLOAT64_MULTI_ARRAY}'):
        command_codec(twist)


@pytest.mark.parametrize(('kind', 'field', 'said'), [
    (JOINT_STATE, 'torque', "action: unknown field 'torque'.*effort, position, velocity"),
    (FLOAT64_MULTI_ARRAY, 'data', 'no fields to choose from'),
    (JOINT_STATE, None, 'unit 1 does not tell position, velocity and effort apart'),
])  # fmt: skip
def test_a_field_the_type_lacks_is_refused(kind, field, said):
    with pytest.raises(ContractError, match=said):
        command_codec(contract(kind, field))


@pytest.mark.parametrize(
    ('unit', 'field'), [('rad', 'position'), ('m/s', 'velocity'), ('N·m', 'effort')]
)
def test_the_unit_tells_the_field(unit, field):
    codec = command_codec(contract(JOINT_STATE, unit=unit))
    message = codec.fill(codec.empty(MAKERS['plain']), STAMP, VALUES)
    assert getattr(message, field).tolist() == VALUES.tolist()


def test_the_field_is_part_of_the_contract():
    one = contract(JOINT_STATE, 'effort')
    again = Contract.from_dict(one.to_dict())
    assert again == one
    assert again.hash == one.hash
    other = replace(one, action=replace(one.action, field='position'))
    assert 'field' in ' '.join(other.differences(one))
    assert 'field' not in contract(FLOAT64_MULTI_ARRAY).to_dict()['action']


def test_a_new_type_is_one_file(tmp_path, monkeypatch):
    """A module in the folder is found; no list names it."""
    from liquid_control.control import commands

    (tmp_path / 'joint_jog.py').write_text(
        'from liquid_control.control.commands.base import CommandReader\n'
        'class JointJogCommand(CommandReader):\n'
        "    types = ('control_msgs/msg/JointJog',)\n"
        '    def _values(self, message):\n'
        '        found = dict(zip(message.joint_names, message.displacements, strict=True))\n'
        '        return [found[joint] for joint in self.joints]\n'
    )
    monkeypatch.setattr(commands, '__path__', [*commands.__path__, str(tmp_path)])
    commands._readers.cache_clear()
    try:
        reader = command_reader(contract('control_msgs/msg/JointJog'))
        message = SimpleNamespace(joint_names=['toe', 'hip', 'knee'], displacements=[3.0, 1.0, 2.0])
        assert reader.read(message).tolist() == [1.0, 2.0, 3.0]
        message.joint_names[0] = 'wrist'
        with pytest.raises(
            CommandError, match="cannot be read as a control_msgs/msg/JointJog: 'toe'"
        ):
            reader.read(message)
    finally:
        commands._readers.cache_clear()


@pytest.mark.parametrize(
    ('types', 'said'),
    [
        (f'({FLOAT64_MULTI_ARRAY!r},)', 'belongs to {}.float64_multi_array.Float64'),
        ("'std_msgs/msg/Float64'", "expected a tuple of message types, .* found 'std_msgs"),
        ('()', r'found \(\)'),
    ],
)
def test_a_new_type_that_is_wrong_is_refused(tmp_path, monkeypatch, types, said):
    from liquid_control.control import commands

    (tmp_path / 'mine.py').write_text(
        'from liquid_control.control.commands.base import CommandReader\n'
        'class Mine(CommandReader):\n'
        f'    types = {types}\n'
        '    def _values(self, message):\n'
        '        return []\n'
    )
    monkeypatch.setattr(commands, '__path__', [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f'{commands.__name__}.mine', raising=False)
    commands._readers.cache_clear()
    try:
        match = rf'mine\.Mine: types: .*{said}'.replace('{}', commands.__name__)
        with pytest.raises(ContractError, match=match):
            command_reader(contract(JOINT_STATE, 'effort'))
    finally:
        commands._readers.cache_clear()
        sys.modules.pop(f'{commands.__name__}.mine', None)


def test_a_file_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    from liquid_control.control import commands

    (tmp_path / 'broken_type.py').write_text('import nothing_of_this_name\n')
    monkeypatch.setattr(commands, '__path__', [*commands.__path__, str(tmp_path)])
    commands._readers.cache_clear()
    try:
        match = r'broken_type.py: line 1: expected a type of command, found ModuleNotFoundError: No'
        with pytest.raises(ContractError, match=match):
            command_reader(contract(JOINT_STATE))
    finally:
        commands._readers.cache_clear()
