"""Observations: matched by name, whatever the order, message type or defects."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import KINDS, arm, header, imu, joints

from liquid_control.control import Contract, ObservationError, Observer
from liquid_control.control.observe import NO_VALUE, TermAccess
from liquid_control.control.stamps import stamp_ns

ARM = Contract.from_dict(arm())
JOINTS = ARM.asking('angle')
MS = 1_000_000
kinds = pytest.mark.parametrize('kind', KINDS)


@given(st.permutations(['hip', 'knee', 'neck', 'toe']), st.sampled_from(sorted(KINDS)))
def test_order_and_kind_of_a_message_change_nothing(order, kind):
    value = {'hip': 1.0, 'knee': 2.0, 'neck': 3.0, 'toe': 4.0}
    message = joints(5, kind, **{name: value[name] for name in order})
    stamp, observation = Observer(JOINTS).update('joint_states', message)
    assert stamp == 5
    assert observation.dtype == np.float32
    assert observation.tolist() == [1.0, 2.0]


def test_the_order_may_change_from_message_to_message():
    observer = Observer(JOINTS)
    for stamp, names in enumerate(['hip knee', 'knee hip', 'knee toe hip', 'hip knee'], 1):
        message = joints(stamp, **{n: float(len(n)) for n in names.split()})
        assert observer.update('joint_states', message)[1].tolist() == [3.0, 4.0]


@kinds
def test_what_is_written_is_read_and_nothing_else_changes(kind):
    access = TermAccess(JOINTS.terms[0])
    message = joints(1, kind, knee=1.0, neck=7.0, hip=2.0)
    access.write(message, np.array([8.0, 9.0]))
    assert access.read(message) == [8.0, 9.0]
    assert list(message.position) == [9.0, 7.0, 8.0]


def test_components_are_written_and_read():
    access = TermAccess(ARM.terms[1])
    message = imu(0, 1.0, 2.0, 3.0)
    access.write(message, np.array([5.0, 6.0]))
    assert access.read(message) == [5.0, 6.0]
    assert message.angular_velocity.y == 2.0


@pytest.mark.parametrize(
    ('message', 'said'),
    [
        (joints(1, hip=1.0, kneee=2.0), "'knee' .did you mean 'kneee'"),
        (SimpleNamespace(header=header(1), name=['hip', 'knee'], position=np.zeros(1)), '1 value'),
        (SimpleNamespace(header=header(1), name=['hip', 'knee'], position=np.zeros(0)), '0 value'),
        (SimpleNamespace(header=header(1), name=['hip', 'knee', 'hip'], position=np.zeros(3)),
         'hip is named more than once'),
        (SimpleNamespace(header=header(1), name=['hip', 'knee']), 'no field position'),
        (SimpleNamespace(header=header(1), name=['hip', 'knee'], position=0.5), 'is a float'),
        (SimpleNamespace(header=header(1), position=np.zeros(2)), 'beside a list name'),
        (SimpleNamespace(name=['hip', 'knee'], position=np.zeros(2)), 'no header.stamp'),
    ],
)  # fmt: skip
def test_a_message_that_lacks_something_is_refused_by_name(message, said):
    with pytest.raises(ObservationError, match=said):
        Observer(JOINTS).update('joint_states', message)


def test_a_missing_component_is_named():
    message = imu(0)
    del message.angular_velocity.z
    with pytest.raises(ObservationError, match='no number z'):
        TermAccess(ARM.terms[1]).read(message)


@given(st.lists(st.floats(), min_size=2, max_size=2))
def test_readings_that_are_not_finite_pass_through_to_be_refused(values):
    message = joints(1, hip=values[0], knee=values[1])
    observation = Observer(JOINTS).update('joint_states', message)[1]
    for seen, value in zip(observation.tolist(), values, strict=True):
        fits = abs(value) <= float(np.finfo(np.float32).max) + 2.0**102
        assert math.isfinite(seen) == (fits and value != NO_VALUE)


@given(st.floats())
def test_a_clip_bounds_what_is_finite_and_hides_no_broken_reading(x):
    observer = Observer(ARM.asking('rate'))
    seen = float(observer.update('imu/data', imu(1, x=x))[1][0])
    if math.isfinite(x):
        assert seen == np.float32(min(max(x, -4.0), 4.0))
    else:
        assert math.isnan(seen) if math.isnan(x) else seen == x


def test_the_first_topic_paces_and_waits_for_the_others():
    observer = Observer(ARM.asking('angle', 'rate'))
    assert observer.update('imu/data', imu(9 * MS)) is None
    assert observer.update('joint_states', joints(10 * MS, hip=1.0, knee=2.0)) is None
    stamp, values = observer.update('imu/data', imu(10 * MS, x=3.0))
    assert (stamp, values.tolist()) == (10 * MS, [1.0, 2.0, 3.0, 0.0])
    assert observer.update('imu/data', imu(12 * MS)) is None
    assert observer.update('joint_states', joints(11 * MS, hip=1.0, knee=2.0))[0] == 11 * MS


def test_a_sensor_whose_clock_runs_ahead_does_not_count_as_seen():
    observer = Observer(ARM.asking('angle', 'rate'))
    observer.update('imu/data', imu(10_000 * MS))
    for stamp in range(10, 100, 10):
        assert observer.update('joint_states', joints(stamp * MS, hip=1.0, knee=2.0)) is None
    assert observer.update('imu/data', imu(90 * MS + 50 * MS)) is not None


def test_a_refused_message_leaves_nothing_behind():
    data = arm()
    data['observation'].append({**data['observation'][0], 'name': 'speed', 'field': 'velocity'})
    observer = Observer(Contract.from_dict(data).asking('angle', 'speed', 'rate'))
    good = joints(10 * MS, hip=1.0, knee=2.0)
    good.velocity = np.zeros(2)
    observer.update('joint_states', good)
    bad = joints(20 * MS, hip=8.0, knee=9.0)
    bad.velocity = np.zeros(0)
    with pytest.raises(ObservationError):
        observer.update('joint_states', bad)
    stamp, values = observer.update('imu/data', imu(10 * MS))
    assert stamp == 10 * MS
    assert values[:2].tolist() == [1.0, 2.0]


@given(st.integers(0, 2**31 - 1), st.integers(0, 999_999_999))
def test_stamps_are_exact(sec, nanosec):
    stamp = SimpleNamespace(sec=sec, nanosec=nanosec)
    message = SimpleNamespace(header=SimpleNamespace(stamp=stamp))
    assert stamp_ns(message) == sec * 10**9 + nanosec
