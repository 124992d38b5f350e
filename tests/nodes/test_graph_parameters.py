"""What a run sets in the parameters of its nodes."""

import pytest

pytest.importorskip('mujoco')

from liquid_control.nodes.run_settings import RunSettings


@pytest.mark.parametrize(
    ('fault', 'watched'),
    [
        ('none', True),
        ('gaussian:0.1+command_delay:1', True),
        ('period:2', False),
        ('gaussian:0.1+jitter:0.5@100', False),
    ],
)
def test_a_faulty_clock_turns_the_rate_watch_off(tmp_path, fault, watched):
    settings = RunSettings(tmp_path, 'expert', 'halfcheetah', fault, mode='realtime')
    policy = settings.parameters()['policy']
    assert policy.get('rate_tolerance') == (None if watched else 0.0)
