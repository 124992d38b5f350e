"""Contracts: errors are named, and valid contracts survive a round trip through a file."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROBOT, arm

from liquid_control.control import Contract, ContractError

TOP = ('format', 'robot', 'rate', 'freshness', 'max_gap', 'observation', 'action')
TERM = ('name', 'topic', 'type', 'field', 'unit')
ACTION = ('topic', 'type', 'joints', 'unit', 'lower', 'upper', 'safe')
PLACES = [((), k) for k in TOP]
PLACES += [(('observation', 1), k) for k in TERM] + [(('action',), k) for k in ACTION]
OPTIONAL = [(('observation', 1), 'clip'), (('observation', 1), 'std'), (('action',), 'slew')]


def changed(path, key, *value):
    """The arm's contract with one key set or removed."""
    data = copy.deepcopy(arm())
    section = data
    for step in path:
        section = section[step]
    section.pop(key, None)
    if value:
        section[key] = value[0]
    return data


def refused(data):
    with pytest.raises(ContractError) as caught:
        Contract.from_dict(data, 'arm.yaml')
    assert str(caught.value).startswith('arm.yaml')
    return str(caught.value)


@pytest.mark.parametrize(('path', 'key'), PLACES)
def test_a_missing_key_is_named(path, key):
    assert f'{key} is missing' in refused(changed(path, key))


@pytest.mark.parametrize(('path', 'key'), PLACES + OPTIONAL)
def test_a_misspelt_key_is_named_beside_the_right_one(path, key):
    data = changed(path, key)
    section = data
    for step in path:
        section = section[step]
    section[key + 'x'] = 1
    message = refused(data)
    assert f"'{key}x'" in message
    assert key in message.replace(f"'{key}x'", '')


@pytest.mark.parametrize(('path', 'key'), PLACES)
@pytest.mark.parametrize('value', [{'a': 1}, [[]], True, float('nan'), 10**400, ''], ids=repr)
def test_a_value_of_the_wrong_kind_is_refused_by_key(path, key, value):
    message = refused(changed(path, key, value))
    assert key in message or 'observation[0]' in message


@pytest.mark.parametrize(
    ('path', 'key', 'value', 'said'),
    [
        ((), 'rate', 0, 'rate: expected a number from'),
        ((), 'rate', '1e3', "found '1e3'"),
        ((), 'rate', 1e300, 'rate'),
        ((), 'freshness', -1.0, 'freshness'),
        ((), 'freshness', float('inf'), 'finite'),
        ((), 'max_gap', 0.009, 'at least one period'),
        ((), 'format', 2, 'format: expected 1'),
        ((), 'observation', [], 'list of terms'),
        ((), 'observation', [{'name': 'previous_action'}], 'no term is read'),
        (('action',), 'joints', ['hip', 'hip'], 'hip is named more than once'),
        (('action',), 'lower', [1.0, -2.0], 'hip: expected lower <= safe <= upper'),
        (('action',), 'safe', [0.0, 2.1], 'knee: expected lower <= safe <= upper'),
        (('action',), 'upper', [1.0], '2 numbers'),
        (('action',), 'slew', 0, 'above 0'),
        (('action',), 'slew', [], '2 numbers'),
        (('action',), 'slew', [1.0, -1.0], 'above 0'),
        (('observation', 1), 'clip', [4.0, -4.0], 'lower < upper'),
        (('observation', 1), 'std', 0.0, 'above 0'),
        (('observation', 1), 'unit', ['rad/s'] * 3, 'one unit, or 2'),
        (('observation', 1), 'joints', ['hip'], 'either joints or components'),
        (('observation', 1), 'name', 'angle', 'duplicate term angle'),
        (('observation', 1), 'topic', 'joint_states', 'has type'),
        (('action',), 'topic', 'imu/data', 'found imu/data, which rate reads'),
        (('action',), 'topic', '/imu/data', 'found imu/data, which rate reads'),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(path, key, value, said):
    assert said in refused(changed(path, key, value))


def test_a_channel_in_two_terms_is_refused():
    data = arm()
    data['observation'].append({**data['observation'][0], 'name': 'again', 'topic': 'other'})
    assert 'hip.position is in angle and in again' in refused(data)


def test_a_term_that_holds_may_read_the_commands():
    data = changed(('action',), 'topic', 'imu/data')
    data['observation'][1]['hold'] = True
    assert Contract.from_dict(data).held == ('imu/data',)


def test_null_leaves_an_optional_key_out():
    assert Contract.from_dict(changed(('action',), 'slew', None)).action.slew is None


@pytest.mark.parametrize('data', [ROBOT.to_dict(), arm()], ids=['walker2d', 'arm'])
def test_the_way_through_a_file_keeps_content_and_hash(data, tmp_path):
    contract = Contract.from_dict(data)
    file = tmp_path / 'robot.yaml'
    file.write_text(yaml.safe_dump(contract.to_dict()))
    again = Contract.load(file)
    assert again == contract
    assert again.hash == contract.hash


def test_any_change_of_content_changes_the_hash():
    hashes = {Contract.from_dict(arm()).hash, Contract.from_dict(arm(rate=101.0)).hash}
    hashes.add(Contract.from_dict(changed(('action',), 'slew')).hash)
    hashes.add(Contract.from_dict(changed(('action',), 'safe', 0.1)).hash)
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'a: [1, 2', 'not YAML'),
        (b'\x7fELF\x00\xff\xfe', 'not YAML'),
        (b'day: 2026-99-99', 'not YAML'),
        (b'[' * 5000, 'not YAML'),
        (b'rate: 1\nrate: 2', 'duplicate key rate'),
        (b'', 'expected a mapping, found nothing'),
        (b'- 1', 'expected a mapping'),
        (b'!!python/object/apply:os.getcwd []', 'not YAML'),
    ],
)
def test_a_file_that_is_no_contract_is_named(content, said, tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_bytes(content)
    with pytest.raises(ContractError, match=r'robot\.yaml') as caught:
        Contract.load(file)
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path, tmp_path / 'none.yaml'):
        with pytest.raises(ContractError, match='cannot be read'):
            Contract.load(path)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(TOP) | st.text(), inner)
)))  # fmt: skip
def test_no_data_ends_in_anything_but_a_contract_error(data):
    with pytest.raises(ContractError):
        Contract.from_dict(data)


def test_a_part_fits_its_robot():
    for terms in (['joint_position'], ['joint_velocity', 'previous_action']):
        assert ROBOT.asking(*terms).differences(ROBOT) == []


def test_asking_for_what_is_not_there_names_the_nearest():
    with pytest.raises(ContractError, match="did you mean 'joint_position'"):
        ROBOT.asking('joint_positions')
    with pytest.raises(ContractError, match='no term is read'):
        ROBOT.asking('previous_action')


@pytest.mark.parametrize(
    ('path', 'key', 'value', 'said'),
    [
        ((), 'robot', 'leg', 'the robot is leg'),
        ((), 'rate', 50.0, 'the policy asks for 100 Hz, the robot has 50'),
        (('observation', 0), 'joints', ['hip', 'elbow'], "unknown channel 'knee'"),
        (('observation', 0), 'unit', 'deg', 'the policy has rad, the robot deg'),
        (('observation', 0), 'field', 'velocity', 'angle: field'),
        (('observation', 1), 'topic', 'imu', 'rate: topic'),
        (('observation', 1), 'clip', [-1.0, 1.0], 'rate: clip'),
        (('observation', 1), 'name', 'rates', "did you mean 'rates'"),
        (('action',), 'upper', 3.0, 'action: upper'),
        (('action',), 'joints', ['knee', 'hip'], 'action: joints'),
        (('action',), 'slew', 1.0, 'action: slew'),
    ],
)
def test_each_difference_to_the_robot_is_named(path, key, value, said):
    policy, robot = Contract.from_dict(arm()), Contract.from_dict(changed(path, key, value))
    assert any(said in line for line in policy.differences(robot))
    with pytest.raises(ContractError, match='does not fit'):
        policy.require_fit(robot, 'policy.onnx')


def test_on_a_robot_its_limits_of_time_and_its_scales_are_in_force():
    first, *rest = arm()['observation']
    turned = {'joints': ['knee', 'hip'], 'std': [7.0, 9.0]}
    robot = Contract.from_dict(
        arm(freshness=0.02, max_gap=0.1, observation=[{**first, **turned}, *rest])
    )
    asked = Contract.from_dict(arm()).asking('angle', 'previous_action')
    found = asked.on(robot)
    assert (found.freshness, found.max_gap) == (0.02, 0.1)
    assert (found.terms[0].channels, found.terms[0].std) == (('hip', 'knee'), (9.0, 7.0))
    assert found.terms[1] == asked.terms[1]
    with pytest.raises(ContractError, match='does not fit'):
        asked.on(Contract.from_dict(arm(robot='leg')))


def test_a_term_that_holds_has_names_of_its_own_and_survives():
    data = arm()
    data['observation'].append(
        {**data['observation'][0], 'name': 'target', 'topic': 'targets', 'hold': True}
    )
    contract = Contract.from_dict(data)
    assert contract.sensed_channels[-2:] == ('hip.target', 'knee.target')
    assert contract.measured == (0, 1, 2, 3)
    assert contract.held == ('targets',)
    assert Contract.from_dict(contract.to_dict()) == contract
    assert Contract.from_dict(arm()).to_dict() == arm_dict()


def arm_dict():
    """The arm as a dict; a contract without held terms does not mention ``hold``."""
    found = Contract.from_dict(arm()).to_dict()
    assert not any('hold' in term for term in found['observation'])
    return found


def test_what_paces_cannot_hold_nor_a_topic_in_one_term_alone():
    data = arm()
    data['observation'][0]['hold'] = True
    with pytest.raises(ContractError, match='angle holds, so it cannot come first'):
        Contract.from_dict(data)
    data = arm()
    data['observation'].append(
        {**data['observation'][0], 'name': 'speed', 'field': 'velocity', 'hold': True}
    )
    with pytest.raises(ContractError, match='joint_states holds in one term and not in another'):
        Contract.from_dict(data)
    data['observation'][1]['hold'] = 'yes'
    with pytest.raises(ContractError, match="hold: expected true or false, found 'yes'"):
        Contract.from_dict(data)
