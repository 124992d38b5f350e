"""Faults that last for a while: stuck, frozen, repeated and missing readings, and late ones."""

import numpy as np
import pytest
from chains import PERIOD_NS, STD, counting, passed, within

from liquid_control.faults import FaultError, parse


def spells(there):
    """Lengths of all runs of True along the first axis that begin and end inside, (T, ...)."""
    flat = there.reshape(len(there), -1).T
    lengths = []
    for row in flat:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        begins, ends = edges[::2], edges[1::2]
        inside = (begins > 0) & (ends < len(row))
        lengths += (ends - begins)[inside].tolist()
    return np.array(lengths)


@pytest.mark.parametrize('samples', [1, 5])
def test_a_channel_sticks_at_its_last_reading_for_so_many_samples(samples):
    values = counting(2000, 40)
    found = passed(f'stuck:0.01:{samples}', values).values
    stuck = found != values
    assert not stuck[0].any()
    held = found[0]
    for step in range(1, 200):
        held = np.where(stuck[step], held, values[step])
        assert np.array_equal(found[step], held)
    lengths = spells(stuck)
    assert set((lengths % samples).tolist()) == {0}, 'one may follow at once on another'
    free = (~stuck).sum()
    begun = stuck.sum() / samples
    assert within(begun / (begun + free), 0.01, begun + free)
    assert abs(np.corrcoef(stuck[:, :, 0].ravel(), stuck[:, :, 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize('samples', [1, 4])
def test_a_message_repeats_all_readings_of_the_last(samples):
    values = counting(2000, 40)
    found = passed(f'repeated:0.02:{samples}', values)
    old = found.values != values
    assert (old == old[..., :1]).all(), 'all channels at once'
    assert (found.stamps[:, 0] == PERIOD_NS * np.arange(1, 2001)).all(), 'under new stamps'
    assert found.arrived.all()
    begun = old[..., 0].sum() / samples
    drawn = begun + (~old[..., 0]).sum()
    assert within(begun / drawn, 0.02, drawn)
    assert set((spells(old[..., 0]) % samples).tolist()) == {0}


def test_a_channel_drops_out_to_zero():
    values = counting(2000, 40)
    found = passed('dropout:0.02:3', values).values
    out = found != values
    assert (found[out] == 0.0).all()
    assert set((spells(out) % 3).tolist()) == {0}
    begun = out.sum() / 3
    drawn = begun + (~out).sum()
    assert within(begun / drawn, 0.02, drawn)


def test_frozen_channels_keep_the_reading_with_which_it_begins():
    values = counting(50)
    found = passed('frozen@10', values).values
    assert np.array_equal(found[:11], values[:11])
    assert (found[10:] == values[10]).all()


def test_one_frozen_channel_of_each_term_is_drawn_anew_each_time():
    values = counting(4000, 5)
    found = passed('frozen:1/cyclic:10:20', values).values
    frozen = (found != values).reshape(200, 20, 5, 3)
    during = frozen[:, 1:10]
    assert not frozen[:, 10:].any()
    assert not frozen[:, 0].any()
    assert (during == during[:, :1]).all(), 'the same channels to the end'
    assert (during[..., :2].sum(-1) == 1).all(), 'one of two'
    assert during[..., 2].all(), 'the only one of its term'
    assert within(during[:, 0, :, 0].mean(), 0.5, 1000)


def test_named_channels_freeze_alone():
    values = counting(60)
    found = passed('frozen:1:on=angle/burst:12@30', values).values
    frozen = (found != values).any(axis=1)
    assert not frozen[:, 2].any()
    assert frozen[31:42].sum() == 11
    assert frozen.sum() == 11


@pytest.mark.parametrize(('ms', 'late'), [(0.5, 1), (8, 1), (9, 2), (24, 3), (0, 0)])
def test_a_delay_in_ms_delivers_the_newest_reading_so_old(ms, late):
    values = counting(30)
    found = passed(f'delay_ms:{ms}', values)
    there = np.maximum(np.arange(30) - late, 0)
    assert np.array_equal(found.values, values[there])
    assert found.arrived.all()
    assert np.array_equal(found.stamps[:, 0], PERIOD_NS * np.arange(1, 31)), 'its own stamp'
    assert np.array_equal(found.numbers[:, 0], there)


def test_a_delay_in_ms_follows_stamps_and_not_samples():
    stamps = (PERIOD_NS * np.array([1, 2, 3, 6, 7, 7.5, 9])).astype(int)
    found = passed('delay_ms:16', counting(7), stamps)
    assert found.numbers[:, 0].tolist() == [0, 0, 0, 2, 2, 2, 4]


def test_a_delay_in_ms_longer_than_all_slots_delivers_the_oldest():
    stamps = 1_000_000 + 10_000 * np.arange(3000)
    found = passed('delay_ms:16', counting(3000), stamps)
    slots = 2 + 20
    assert np.array_equal(found.numbers[:, 0], np.maximum(np.arange(3000) - (slots - 1), 0))


def test_wrong_stamps_have_the_size_that_was_said_and_advance():
    found = passed('stamp_jitter:0.2', np.tile(STD, (2000, 20, 1)))
    true = PERIOD_NS * (1 + np.arange(2000))
    error = (found.stamps - true[:, None]) / PERIOD_NS
    assert error.std() == pytest.approx(0.2, rel=0.02)
    assert abs(error.mean()) < 0.01
    assert (found.values == STD).all()
    assert found.arrived.all()


def test_stamps_that_are_far_off_advance_all_the_same():
    found = passed('stamp_jitter:3', np.tile(STD, (500, 20, 1)))
    assert np.diff(found.stamps, axis=0).min() >= 0.1 * PERIOD_NS


@pytest.mark.parametrize('fault', ['delay:2', 'delay_ms:9', 'dropped:0.1', 'stamp_jitter:0.1'])
def test_what_acts_on_whole_messages_names_no_channel(fault):
    with pytest.raises(FaultError, match='on: it acts on whole messages; expected no channel'):
        parse(f'{fault}:on=angle')
