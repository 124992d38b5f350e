"""The fast JointState decoder agrees with the general one, whatever the bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_bags import JOINT_STATE, header
from recording import STORE, ros

from liquid_control.bags.storage.joint_state import JointStates, is_standard

texts = st.text('ab_é', max_size=5)
floats = st.lists(st.floats(width=64), max_size=4)
messages = st.builds(
    lambda stamp, frame, names, *fields: ros(
        JOINT_STATE,
        header=header(stamp, frame),
        name=names,
        **dict(zip(('position', 'velocity', 'effort'), map(np.array, fields), strict=True)),
    ),
    st.integers(0, 2**31 * 10**9 - 1),
    texts,
    st.lists(texts, max_size=4),
    *[floats.map(lambda f: np.array(f, dtype=np.float64))] * 3,
)


def decoded(decode, data):
    """The result of a decoder, for comparison: values, or that it rejects the bytes."""
    try:
        m = decode(data)
    except Exception:
        return 'refused'
    stamp = (m.header.stamp.sec, m.header.stamp.nanosec, m.header.frame_id, list(m.name))
    fields = [(a.dtype, a.tobytes()) for a in (m.position, m.velocity, m.effort)]
    return type(m), stamp, fields


def general(data):
    return STORE.deserialize_cdr(data, JOINT_STATE)


@given(st.lists(st.tuples(messages, st.integers(1, 3), st.booleans()), min_size=1, max_size=4))
def test_both_decoders_agree(sent):
    fast = JointStates(STORE, general)
    for message, times, little in sent:
        data = bytes(STORE.serialize_cdr(message, JOINT_STATE, little_endian=little))
        for _ in range(times):
            assert decoded(fast.decode, data) == decoded(general, data)


@given(messages, st.data())
def test_both_decoders_agree_on_damaged_bytes(message, draw):
    data = bytearray(STORE.serialize_cdr(message, JOINT_STATE))
    fast = JointStates(STORE, general)
    fast.decode(bytes(data))
    for _ in range(draw.draw(st.integers(0, 3))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    data = bytes(data[: draw.draw(st.integers(0, len(data)))])
    for _ in range(2):
        assert decoded(fast.decode, data) == decoded(general, data)


def test_a_message_that_is_changed_changes_no_other():
    data = bytes(STORE.serialize_cdr(ros(
        JOINT_STATE, header=header(5, 'base'), name=['a'], position=np.ones(1),
        velocity=np.ones(1), effort=np.zeros(0)), JOINT_STATE))  # fmt: skip
    fast = JointStates(STORE, general)
    for _ in range(3):
        message = fast.decode(data)
        assert message.name == ['a']
        message.name.append('b')
        message.header.stamp.sec = 9
        with pytest.raises(ValueError, match='read-only'):
            message.position[0] = 2.0


def test_only_the_standard_definition_is_decoded_fast():
    assert is_standard(STORE)
