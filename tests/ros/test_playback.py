"""Messages of a recording are spaced as recorded, and a pause is not made up for in a burst."""

from itertools import pairwise

import pytest

pytest.importorskip('rclpy')

from liquid_control.nodes.playback import Playback

PERIOD_NS = 8_000_000


class Clock:
    """A clock that stands still unless told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def played(speed: float, pauses: dict[int, float]) -> list[float]:
    """Times at which ten messages are sent, with pauses in s before some of them."""
    clock = Clock()
    playback, times = Playback(speed, clock), []
    for number in range(10):
        clock.now += pauses.get(number, 0.0)
        stamp = 5_000_000_000 + number * PERIOD_NS
        playback.put_off(stamp)
        clock.now += max(0.0, playback.left_s(stamp))
        times.append(clock.now - 1000.0)
    return times


@pytest.mark.parametrize('speed', [0.5, 1.0, 4.0])
def test_messages_are_spaced_as_recorded(speed):
    assert played(speed, {}) == pytest.approx([n * 0.008 / speed for n in range(10)])


def test_a_short_delay_is_made_up_for():
    assert played(1.0, {3: 0.02})[9] == pytest.approx(9 * 0.008)


def test_after_a_pause_the_messages_keep_their_spacing():
    times = played(1.0, {4: 3.0})
    assert times[4] == pytest.approx(3 * 0.008 + 3.0)
    gaps = [after - before for before, after in pairwise(times[4:])]
    assert gaps == pytest.approx([0.008] * 5)
