"""The stated rate of false alarms holds; a joint that misbehaves is named within a window."""

import dataclasses

import numpy as np
import pytest
import support

from liquid_control.control import Contract
from liquid_control.replay.alarm import Alarm, Calibration, block_threshold, calibrate, joints

ARM = Contract.from_dict(support.arm())
PERIOD_NS = 20_000_000
WINDOW = 25
SETTINGS = {'horizon': 50, 'every': 10, 'window': WINDOW, 'band': np.ones(4)}


def wander(rng, minutes: float, memory: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Stamps and errors (n, 4) of a robot behaving normally, with 50 rollouts per second."""
    count = round(minutes * 60 * 1e9 / PERIOD_NS)
    noise = rng.standard_normal((count + 40, 4)) * [0.1, 1.0, 3.0, 0.01]
    noise = sum(memory**back * noise[40 - back : 40 - back + count] for back in range(40))
    return np.arange(count, dtype=np.int64) * PERIOD_NS, noise


def held_out(stamps, errors):
    return stamps, errors, np.ones(len(stamps), dtype=bool)


def calibrated(rng, minutes: float, rate: float | None = None) -> Calibration:
    pieces = [held_out(*wander(rng, minutes / 2)) for _ in range(2)]
    return calibrate(ARM, pieces, **SETTINGS, rate=rate)


def follow(alarm: Alarm, stamps, errors) -> Alarm:
    for stamp, error in zip(stamps, errors, strict=True):
        alarm.take(int(stamp), error)
    return alarm


@pytest.mark.parametrize(('count', 'probability'), [(99, 0.05), (60, 0.02), (20, 0.01)])
def test_fresh_blocks_rarely_exceed_threshold(count, probability):
    rng = np.random.default_rng(count)
    exceeded = []
    for _ in range(400):
        # maxima of absolute noise, similar to scores
        blocks = np.abs(rng.standard_normal((count + 50, 8))).max(axis=1)
        threshold, extrapolated = block_threshold(blocks[:count], probability)
        exceeded.append((blocks[count:] > threshold).mean())
        assert extrapolated == (probability < 1 / (count + 1))
    assert np.mean(exceeded) <= 1.25 * probability


@pytest.mark.parametrize(('minutes', 'rate'), [(4.0, 2.0), (1.0, None), (0.3, 1.0), (0.3, None)])
def test_false_alarm_rate_holds(minutes, rate):
    rng = np.random.default_rng(8)
    found, stated, fresh, many = 0, [], 4.0, 150
    for _ in range(many):
        calibration = calibrated(rng, minutes, rate)
        assert calibration.extrapolated == (minutes < 1 and rate is not None)
        stated.append(calibration.rate)
        found += risings(calibration, wander(rng, fresh)[1])
    assert found / (many * fresh) <= 1.25 * np.mean(stated)


def risings(calibration: Calibration, errors: np.ndarray) -> int:
    """Number of window-long blocks above the threshold after one below; alarms last a window."""
    means = np.cumsum(np.concatenate([np.zeros((1, 4)), errors / calibration.scale]), axis=0)
    means = (means[WINDOW:] - means[:-WINDOW]) / WINDOW
    hip, knee = np.abs(means[:, 0]), np.abs(means[:, 1])
    scores = np.maximum(np.maximum(hip, knee), np.sqrt((means[:, 2:] ** 2).mean(axis=1)))
    whole = scores[: len(scores) // WINDOW * WINDOW].reshape(-1, WINDOW).max(axis=1)
    above = np.concatenate([[False], whole > calibration.threshold])
    return int((above[1:] & ~above[:-1]).sum())


def test_alarms_match_block_exceedances():
    rng = np.random.default_rng(9)
    calibration = calibrated(rng, 0.5, 20.0)
    stamps, errors = wander(rng, 1.0)
    alarm = follow(Alarm(ARM, calibration), stamps, errors)
    assert 0 < len(alarm.events) <= risings(calibration, errors) + 1


def test_failing_joint_is_named_in_a_window():
    rng = np.random.default_rng(1)
    calibration = calibrated(rng, 4.0)
    stamps, errors = wander(rng, 0.5)
    wrong = len(stamps) // 2
    errors[wrong:, 1] += 20.0  # the knee
    alarm = follow(Alarm(ARM, calibration), stamps, errors)
    (event,) = alarm.events
    assert alarm.raised
    assert 0 <= event.start - stamps[wrong] <= WINDOW * PERIOD_NS
    assert list(event.joints) == ['knee']
    assert event.peak > 2 * calibration.threshold


def test_alarm_ends_when_all_is_well():
    rng = np.random.default_rng(2)
    calibration = calibrated(rng, 4.0)
    stamps, errors = wander(rng, 0.5)
    errors[200:400, 0] += 3.0
    alarm = follow(Alarm(ARM, calibration), stamps, errors)
    (event,) = alarm.events
    assert not alarm.raised
    assert 0 <= event.end - stamps[400] <= WINDOW * PERIOD_NS


def test_after_a_gap_no_window_reaches_over_it():
    calibration = calibrated(np.random.default_rng(3), 4.0)
    alarm = Alarm(ARM, calibration)
    bad = np.full(4, 1e3)
    for _ in range(WINDOW - 1):
        assert alarm.take(0, bad) is None
    alarm.forget()
    assert alarm.take(0, bad) is None
    assert not alarm.events


def test_sensor_without_joints_uses_its_field():
    assert joints(ARM) == {'hip': [0], 'knee': [1], 'imu/data.angular_velocity': [2, 3]}


def test_calibration_round_trip_and_refusal():
    calibration = calibrated(np.random.default_rng(4), 1.0)
    assert Calibration.of({'alarm': calibration.to_dict()}) == calibration
    assert Calibration.of({}) is None
    with pytest.raises(ValueError, match='scores: alarm'):
        Calibration.of({'alarm': {'scale': [1.0]}})
    with pytest.raises(ValueError, match='1 scales for 4 measured channels'):
        Alarm(ARM, dataclasses.replace(calibration, scale=(1.0,)))


def test_too_little_good_data_is_refused():
    with pytest.raises(ValueError, match='expected 4 or more: give a longer recording'):
        calibrated(np.random.default_rng(5), 0.02)


@pytest.mark.parametrize('rate', [0.0, 60e9 / (WINDOW * PERIOD_NS), 1e6])
def test_too_high_alarm_rate_is_refused(rate):
    with pytest.raises(ValueError, match='less than one in each window'):
        calibrated(np.random.default_rng(0), 2.0, rate)


def test_single_runs_do_not_matter():
    rng = np.random.default_rng(0)
    pieces = [held_out(*wander(rng, 1.0)) for _ in range(2)]
    short = [tuple(values[:1] for values in piece) for piece in pieces * 3]
    assert (
        calibrate(ARM, pieces + short, **SETTINGS).rate == calibrate(ARM, pieces, **SETTINGS).rate
    )


def test_only_held_out_runs_calibrate():
    rng = np.random.default_rng(0)
    (stamps, errors), kept = wander(rng, 1.0), np.arange(3000) % 50 >= 5
    whole = calibrate(ARM, [held_out(stamps[:2700], errors[kept])], **SETTINGS)
    errors[~kept] = 1e3
    found = calibrate(ARM, [(stamps, errors, kept)], **SETTINGS)
    assert found.seconds == pytest.approx(54.0, abs=0.05)
    assert dataclasses.replace(found, seconds=whole.seconds) == whole
