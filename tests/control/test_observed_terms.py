"""Terms of an observation: where their names and values stand, and what holds."""

import contextlib
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import KINDS, arm, header, imu, joints

from liquid_control.control import Contract, ContractError, ObservationError, Observer
from liquid_control.control.observe import NO_SPEED, NO_VALUE, TermAccess

ARM = Contract.from_dict(arm())
JOINTS = ARM.asking('angle')
MS = 1_000_000
kinds = pytest.mark.parametrize('kind', KINDS)


def trajectory_state(stamp, **positions):
    feedback = SimpleNamespace(positions=np.array(list(positions.values()), dtype=float))
    return SimpleNamespace(header=header(stamp), joint_names=list(positions), feedback=feedback)


def one_term(**changes):
    data = arm()
    data['observation'] = [{**data['observation'][0], **changes}]
    return Contract.from_dict(data)


def test_names_may_stand_elsewhere_and_the_field_deeper():
    contract = one_term(field='feedback.positions', names='joint_names')
    message = trajectory_state(5, knee=2.0, neck=7.0, hip=1.0)
    assert Observer(contract).update('joint_states', message)[1].tolist() == [1.0, 2.0]
    access = TermAccess(contract.terms[0])
    access.write(message, np.array([8.0, 9.0]))
    assert message.feedback.positions.tolist() == [9.0, 7.0, 8.0]
    assert Contract.from_dict(contract.to_dict()) == contract
    with pytest.raises(ObservationError, match='beside a list joint_names'):
        Observer(contract).update(
            'joint_states',
            SimpleNamespace(header=header(1), feedback=SimpleNamespace(positions=np.zeros(2))),
        )


def test_values_without_names_stand_for_an_order():
    contract = one_term(field='data', order=['toe', 'knee', 'hip'])
    message = SimpleNamespace(header=header(5), data=np.array([3.0, 2.0, 1.0]))
    assert Observer(contract).update('joint_states', message)[1].tolist() == [1.0, 2.0]
    assert Contract.from_dict(contract.to_dict()).hash == contract.hash
    with pytest.raises(ObservationError, match='data has 2 values for 3 names'):
        Observer(contract).update(
            'joint_states', SimpleNamespace(header=header(1), data=np.zeros(2))
        )


def test_names_that_contradict_the_order_are_refused():
    contract = one_term(order=['hip', 'knee'])
    for names in ([], ['hip', 'knee'], ['arm/hip', 'arm/knee'], 'left arm'):
        message = SimpleNamespace(header=header(5), name=names, position=np.array([1.0, 2.0]))
        assert Observer(contract).update('joint_states', message)[1].tolist() == [1.0, 2.0]
    message.name = ['knee', 'hip']
    with pytest.raises(ObservationError, match=r"order: expected .*names \['knee', 'hip'\]"):
        Observer(contract).update('joint_states', message)


def test_a_reading_without_a_stamp_is_refused():
    observer = Observer(ARM.asking('angle', 'rate'))
    with pytest.raises(ObservationError, match='joint_states: has no stamp'):
        observer.update('joint_states', joints(0, hip=1.0, knee=2.0))
    told = Observer(Contract.from_dict(told_arm()))
    told.update('imu/data', imu(0, x=1.0))  # what holds needs none
    assert told.update('joint_states', joints(1, hip=1.0, knee=2.0)) is not None


def test_a_field_may_go_through_a_list_of_messages():
    contract = one_term(field='motor_state[].q', order=['hip', 'knee', 'toe'])
    motors = [SimpleNamespace(q=float(i), dq=0.0) for i in range(3)]
    message = SimpleNamespace(header=header(5), motor_state=motors)
    assert Observer(contract).update('joint_states', message)[1].tolist() == [0.0, 1.0]
    TermAccess(contract.terms[0]).write(message, np.array([8.0, 9.0]))
    assert [motor.q for motor in motors] == [8.0, 9.0, 2.0]


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'order': ['hip', 'kneee']}, "order: unknown joint 'knee' .did you mean 'kneee'"),
        ({'order': ['hip', 'knee'], 'names': 'joint_names'}, 'expected either names'),
        ({'field': 'a[].b[].c'}, 'expected at most one list in a path'),
        ({'field': 'a[]'}, 'expected at most one list in a path'),
        ({'joints': None, 'components': ['x', 'y'], 'order': ['x', 'y']}, 'expected joints'),
    ],
)
def test_a_term_that_says_two_things_is_refused(changes, said):
    with pytest.raises(ContractError, match=said):
        one_term(**changes)


@kinds
def test_the_mark_for_no_value_is_read_as_nan_whatever_the_clip(kind):
    data = arm()
    data['observation'] = [{**data['observation'][0], 'clip': [-3.0, 3.0]}]
    message = joints(5, kind, hip=2.146e9, knee=2.0)
    seen = Observer(Contract.from_dict(data)).update('joint_states', message)[1]
    assert math.isnan(seen[0])
    assert seen[1] == 2.0


def told_arm(**changes):
    """The arm whose second topic is a command that holds."""
    data = arm()
    data['observation'][1].update(hold=True, **changes)
    return data


def test_what_holds_gates_nothing_and_stays():
    observer = Observer(Contract.from_dict(told_arm()))
    assert observer.update('joint_states', joints(1, hip=1.0, knee=2.0)) is None  # no imu/data yet
    assert observer.update('imu/data', imu(2, x=1.0))[1].tolist() == [1.0, 2.0, 1.0, 0.0]
    for stamp in (10**9, 2 * 10**9):  # long past its freshness limit
        found = observer.update('joint_states', joints(stamp, hip=3.0, knee=4.0))
        assert found[0] == stamp
        assert found[1].tolist() == [3.0, 4.0, 1.0, 0.0]
    assert observer.update('imu/data', imu(3 * 10**9, x=2.0)) is None
    found = observer.update('joint_states', joints(4 * 10**9, hip=3.0, knee=4.0))
    assert found[1].tolist() == [3.0, 4.0, 2.0, 0.0]


def test_values_are_written_back_into_a_plain_list():
    access = TermAccess(ARM.sensed[0])
    message = SimpleNamespace(name=['knee', 'hip'], position=[1.0, 2.0])
    access.write(message, np.array([5.0, 6.0]))
    assert message.position == [6.0, 5.0]


@pytest.mark.parametrize(
    ('field', 'value', 'missing'),
    [
        ('position', NO_VALUE, True), ('velocity', NO_SPEED, True), ('position', NO_SPEED, False),
        ('velocity', NO_VALUE, False), ('effort', NO_VALUE, False), ('effort', NO_SPEED, False),
    ],
)  # fmt: skip
def test_each_mark_for_no_value_counts_in_its_own_field(field, value, missing):
    observer = Observer(one_term(field=field))
    message = SimpleNamespace(header=header(1), name=['hip', 'knee'], **{field: [value, 1.0]})
    _, (hip, knee) = observer.update('joint_states', message)
    assert math.isnan(hip) == missing
    assert knee == 1.0


def test_what_holds_needs_no_header():
    observer = Observer(Contract.from_dict(told_arm()))
    assert observer.update('joint_states', joints(7, hip=1.0, knee=2.0)) is None
    twist = SimpleNamespace(angular_velocity=SimpleNamespace(x=3.0, z=4.0))
    stamp, observation = observer.update('imu/data', twist)
    assert stamp == 7
    assert observation.tolist() == [1.0, 2.0, 3.0, 4.0]


LEAVES = (
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.binary(),
    st.text(max_size=5), st.builds(object), st.builds(np.array, st.lists(st.floats(), max_size=3)),
)  # fmt: skip

PARTS = ('x', 'z', 'stamp', 'sec', 'nanosec')
ANYTHING = st.recursive(
    st.one_of(*LEAVES),
    lambda deeper: st.one_of(
        st.lists(deeper, max_size=3),
        st.tuples(deeper),
        st.dictionaries(st.text(max_size=3), deeper, max_size=2),
        st.builds(SimpleNamespace, **dict.fromkeys(PARTS, deeper)),
    ),
    max_leaves=6,
)
"""Values of any type, among them all that a message could hold and much that it could not."""


@given(st.data())
def test_whatever_a_message_holds_nothing_but_an_observation_error_comes_of_it(data):
    observer = Observer(ARM)
    fields = data.draw(st.sets(st.sampled_from(['header', 'name', 'position', 'angular_velocity'])))
    message = SimpleNamespace(**{field: data.draw(ANYTHING) for field in fields})
    if data.draw(st.booleans()):
        message.header = header(5)
    if data.draw(st.booleans()):
        message.name = ['hip', 'knee']
    topic = data.draw(st.sampled_from(['joint_states', 'imu/data']))
    with contextlib.suppress(ObservationError):
        observer.update(topic, message)
    observer.update('joint_states', joints(9, hip=1.0, knee=2.0))
    _, observation = observer.update('imu/data', imu(9, 3.0, 0.0, 4.0))
    assert observation.tolist() == [1.0, 2.0, 3.0, 4.0], 'nothing of it remains'


def test_a_list_of_lists_is_no_list_of_numbers():
    observer = Observer(one_term(field='motors[].q', order=['hip', 'knee']))
    motors = [SimpleNamespace(q=np.zeros(2)), SimpleNamespace(q=np.ones(2))]
    with pytest.raises(ObservationError, match='cannot be read as numbers'):
        observer.update('joint_states', SimpleNamespace(header=header(1), motors=motors))


def test_a_message_that_takes_no_floats_is_refused_when_it_is_written():
    class Whole:
        __slots__ = ()
        position = property(lambda self: [1, 2])
        name = property(lambda self: ('hip', 'knee'))

    with pytest.raises(ObservationError, match='does not take'):
        TermAccess(ARM.terms[1]).write(Whole(), np.array([0.5, 1.5]))


def test_messages_with_a_part_of_the_joints_each_are_joined_by_name():
    observer = Observer(one_term())
    with pytest.raises(ObservationError, match="'knee'; there are: hip; no position of knee"):
        observer.update('joint_states', joints(1000, hip=1.0))
    assert observer.update('joint_states', joints(1001, knee=2.0)) is None
    stamp, values = observer.update('joint_states', joints(1002, hip=3.0))
    assert stamp == 1002
    assert values.tolist() == [3.0, 2.0]


def test_a_joint_that_is_older_than_the_freshness_completes_nothing():
    contract = one_term()
    observer = Observer(contract)
    observer.update('joint_states', joints(1000, knee=2.0))
    late = 1000 + round(contract.freshness * 1e9) + 1
    with pytest.raises(ObservationError, match='no position of knee within'):
        observer.update('joint_states', joints(late, hip=3.0))
