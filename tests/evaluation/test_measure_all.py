"""Many episodes at once are the single ones, to the last step."""

import pytest

from liquid_control.control import Controller, PolicyRunner
from liquid_control.evaluation import measure_all, run_episodes
from liquid_control.faults import FaultError, parse


def test_each_episode_is_that_of_its_own_seed(robot, bundle):
    faults = ['none', 'jitter:0.25+dropped:0.3+delay:1']
    found = measure_all(bundle, robot, faults, 3, 4)
    for fault, result in zip(faults, found, strict=True):
        for index in range(3):
            controller = Controller(PolicyRunner(bundle), robot)
            (alone,) = run_episodes(controller, robot, parse(fault), 1, 4 + index)
            assert result.returns[index] == alone.total
            assert result.steps[index] == alone.steps
            assert result.fallen[index] == alone.terminated


def test_bad_faults_are_refused_before_any_episode(robot, bundle):
    shown = []
    with pytest.raises(FaultError, match="did you mean 'delay'"):
        measure_all(bundle, robot, ['none', 'dely:1'], report=lambda *now: shown.append(now))
    assert shown == []
