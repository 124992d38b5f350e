"""What a recording lacks is said, and judged by what time allows."""

import pytest

from liquid_control.evaluation.losses import lost_too_many


@pytest.mark.parametrize(
    ('mode', 'lost', 'too_many'),
    [
        ('lockstep', 0, False),
        ('lockstep', 1, True),
        ('replay', 1, True),
        ('realtime', 10, False),
        ('realtime', 11, True),
        ('robot', 10, False),
        ('robot', 200, True),
    ],
)
def test_how_much_may_be_lost(mode, lost, too_many):
    said = lost_too_many({'mode': mode, 'lost': {'commands': {'sent': 1000, 'lost': lost}}})
    assert said == (f'messages were lost: {lost} of 1,000 of commands' if too_many else '')


def test_harmless_losses_are_not_judged():
    lost = {topic: {'sent': 9, 'lost': 8} for topic in ('/clock', '/diagnostics', 'policy/status')}
    assert lost_too_many({'mode': 'lockstep', 'lost': lost}) == ''


def test_what_was_not_counted_is_not_judged():
    assert lost_too_many({'mode': 'robot', 'lost': None}) == ''
