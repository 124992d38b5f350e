"""Schedules: when and how strongly a fault acts, by value."""

import numpy as np
import pytest
from chains import STD, counting, passed, within
from ways import Way

from liquid_control.faults import FaultError, names, parse
from liquid_control.faults.registry import registry
from liquid_control.faults.schedules import Burst, Cyclic, Ramp, Wave, describe_schedules

STILL = np.zeros((600, 50, 3))


def strengths(spec, steps=600):
    """Strength of a constant reading's replacement by 1, step by step, (T,)."""
    found = passed(f'removed:1/{spec}', STILL[:steps]).values
    assert (found == found[..., :1]).all()
    return found[..., 0]


def test_a_ramp_rises_linearly_and_stays():
    found = strengths('ramp:200@100')[:, 0]
    expected = np.clip((np.arange(600) - 100) / 200, 0.0, 1.0)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_wave_is_a_sinusoid():
    found = strengths('wave:40@10')[:, 0]
    phase = 2 * np.pi * (np.arange(600) - 10) / 40
    expected = np.where(np.arange(600) < 10, 0.0, (1 - np.cos(phase)) / 2)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_cycle_is_on_and_off():
    found = strengths('cyclic:3:10@5')[:, 0]
    since = np.arange(600) - 5
    assert np.array_equal(found, (since >= 0) & (since % 10 < 3))


def test_a_burst_without_a_window_comes_once():
    found = strengths('burst:62@100')[:, 0]
    assert np.flatnonzero(found).tolist() == list(range(100, 162))


def test_bursts_have_their_length_and_come_once_a_window_at_random():
    steps, length, every = 600, 7, 20
    found = strengths(f'burst:{length}:{every}', steps)
    windows = found.reshape(steps // every, every, -1)
    assert (windows.sum(axis=1) == length).all()
    first = windows.argmax(axis=1)
    for place in (0, every - length):
        assert within((first == place).mean(), 1 / (every - length + 1), first.size)
    assert first.max() == every - length
    assert len({tuple(row) for row in first.T.tolist()}) == 50, 'each robot has its own'


def test_a_graded_fault_has_that_share_of_its_size():
    offsets = passed('bias:0.2/ramp:100', STILL[:200]).values
    size = np.clip(np.arange(200) / 100, 0.0, 1.0)[:, None, None] * 0.2 * STD
    np.testing.assert_allclose(np.abs(offsets), np.tile(size, (1, 50, 1)), atol=1e-12)
    noise = passed('gaussian:1/ramp:100', np.zeros((100, 4000, 3))).values
    np.testing.assert_allclose(noise[50].std(0), 0.5 * STD, rtol=0.05)


def test_a_graded_loss_has_that_share_of_its_probability():
    lost = ~passed('dropped:0.8/ramp:100', np.zeros((200, 2000, 3))).arrived
    for step, expected in ((25, 0.2), (50, 0.4), (150, 0.8)):
        assert within(lost[step].mean(), expected, 2000)
    assert not lost[0].any()


def test_a_delay_begins_anew_with_each_burst_and_withholds_nothing():
    found = passed('delay:2/cyclic:5:10', counting(20))
    assert found.arrived.all()
    late = [0, 0, 0, 1, 2, 5, 6, 7, 8, 9]
    assert found.numbers[:, 0].tolist() == [*late, *(10 + number for number in late)]


def test_a_drift_begins_at_zero_each_time():
    offsets = np.abs(passed('drift:1/cyclic:5:10', STILL[:20]).values[:, 0, 0]) / (STD[0] * 8e-3)
    expected = [0, 1, 2, 3, 4, 0, 0, 0, 0, 0] * 2
    np.testing.assert_allclose(offsets, expected, atol=1e-9)


def test_a_period_and_a_model_change_by_that_share():
    way = Way('period:3/ramp:4+friction:3/ramp:4+slope:20/ramp:4', 0)
    way.reset(0)
    steps = [way.step() for _ in range(6)]
    assert [each.length for each in steps] == [1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
    nominal = way.world.nominal
    for number, each in enumerate(steps):
        share = min(number / 4, 1.0)
        np.testing.assert_allclose(
            each.model.geom_friction, (1 + 2 * share) * nominal.geom_friction, rtol=1e-12
        )
        gravity = 9.81 * np.array(
            [-np.sin(np.radians(20 * share)), -np.cos(np.radians(20 * share))]
        )
        np.testing.assert_allclose(each.model.opt.gravity[[0, 2]], gravity, atol=1e-9)


def test_schedules_as_text():
    assert parse('gaussian:0.1/ramp:500@100')[0].schedule == Ramp(500)
    assert parse('gaussian / wave : 40')[0].schedule == Wave(40)
    assert parse('stuck/burst:62:250')[0].schedule == Burst(62, 250)
    assert parse('stuck/burst')[0].schedule == Burst()
    assert parse('delay:3/cyclic:every=9:length=3@7')[0].schedule == Cyclic(3, 9)
    assert parse('push')[0].schedule == Burst(12, 250)
    assert parse('mass:2:a/torso')[0].body == 'a/torso'
    assert parse('mass:2:a/torso/ramp:5')[0].body == 'a/torso'
    assert parse('removed:on=imu/data*/ramp:5')[0].on == 'imu/data*'


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ('gaussian:0.1/rmp:500', r"unknown schedule 'rmp' \(did you mean 'ramp'\?\); there are: b"),
        ('gaussian:0.1/ramp:0', r'ramp: samples: expected a whole number in \[1, 1000000\], found'),
        ('gaussian/ramp:5:6', 'ramp:5:6: ramp takes samples; found 2 values'),
        ('gaussian/burst:9:3', r'burst: length: expected a whole number in \[1, 3\], .* found 9'),
        ('gaussian/cyclic:9:3', r'cyclic: length: expected a whole number in \[1, 3\], .* found 9'),
        (
            'delay:3/ramp:5',
            'delay: schedule: it is on or off; expected burst or cyclic, found ramp',
        ),
        ('frozen/wave', 'frozen: schedule: it is on or off; expected burst or cyclic, found wave'),
        ('gaussian/burst:lenth=3', "did you mean 'length'"),
        ('gaussian/', "unknown schedule ''"),
        ('none/ramp', 'none takes no value'),
    ],
)
def test_a_wrong_schedule_is_refused(spec, said):
    with pytest.raises(FaultError, match=said):
        parse(spec)


@pytest.mark.parametrize('name', names())
def test_every_fault_takes_the_schedules_that_suit_it(name):
    assert parse(f'{name}/burst:3:9')[0].schedule == Burst(3, 9)
    if registry()[name].graded:
        assert parse(f'{name}/ramp:9')[0].schedule == Ramp(9)
    else:
        with pytest.raises(FaultError, match='it is on or off'):
            parse(f'{name}/ramp:9')


def test_every_schedule_has_a_short_line():
    assert max(map(len, describe_schedules())) <= 78
    assert len(describe_schedules()) == 4
