"""Invariants 1 and 2: all three ways give the same answer, and a seed always the same result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from support import commanded_by

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.control.topics import FLOAT64_MULTI_ARRAY, JOINT_STATE
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.runs import read_run
from liquid_control.evaluation.trace import Trace, compare
from liquid_control.faults import SensorFault, of_kind, parse
from liquid_control.nodes.graph import Graph
from liquid_control.nodes.run_settings import RunSettings
from liquid_control.replay.trace import replay

SEED, EPISODES, SECONDS = 7, 2, 1.6
TIMED = ('policy_step', 'sensor_to_command', 'resident', 'missed')
FAULTS = (
    'none', 'gaussian:0.1+dropped:0.1', 'delay:1', 'jitter:0.25+dropped:0.1+delay:2',
    'delay:3@60+dropped:0.3@100', 'command_delay:2+command_repeat:0.2+command_noise:0.1',
    'period:1.5@20+friction:0.5+mass:1.5:thigh@40', 'delay:1+command_noise:0.1+period:0.5+mass:0.7',
    'bias:0.1+frozen:1/burst:20:60+random_walk:0.1/ramp:100+drift:0.05:on=joint_position@30',
    'stamp_jitter:0.2+dropped:0.1+delay_ms:12@40+repeated:0.05:3',
    'period_ms:12/cyclic:10:30+push:60/burst:10:60+motor:0.9+slope:2/ramp:90+mass:1.2:*thigh*',
)  # fmt: skip
ROBOT, SLOW = Contract.load(paths.robot('walker2d')), pytest.mark.slow
CASES = [
    *(('walker2d', 'cfc', FAULTS[at]) for at in range(11) if at != 2),
    ('walker2d', 'lstm', FAULTS[3]),
    pytest.param('walker2d', 'cfc', FAULTS[2], marks=SLOW),
    *(pytest.param('walker2d', 'lstm', FAULTS[at], marks=SLOW) for at in (0, 1, 2, 4, 5, 6, 7)),
    ('hopper', 'expert', FAULTS[7]),
    *(pytest.param('hopper', 'expert', FAULTS[at], marks=SLOW) for at in (0, 1, 3)),
    *(pytest.param('halfcheetah', 'expert', FAULTS[at], marks=SLOW) for at in (0, 1, 3)),
    # A period of HalfCheetah has five physics steps, one of the others four.
    ('halfcheetah', 'expert', FAULTS[7].replace('period:0.5', 'period:0.6')),
]


def run(folder, policy, fault, robot='walker2d', seconds=SECONDS):
    name = Contract.load(paths.robot(robot)).robot
    policy = policy if Path(policy).is_file() else paths.policy(policy, name)
    settings = RunSettings(
        folder, policy=str(policy), robot=str(robot), fault=fault,
        seed=SEED, episodes=EPISODES, seconds=seconds, mode='lockstep',
    )  # fmt: skip
    with Graph(settings) as graph:
        graph.follow(lambda line: None)
    return load_metrics(folder)


def controller(policy, robot=ROBOT):
    policy = policy if Path(policy).is_file() else paths.policy(policy, robot.robot)
    return Controller(PolicyRunner(policy), robot)


def joined(traces):
    arrays = {
        name: np.concatenate([getattr(trace, name) for trace in traces])
        for name in Trace.__dataclass_fields__
        if name != 'channels'
    }
    return replace(traces[0], **arrays)


@pytest.mark.parametrize(('name', 'policy', 'fault'), CASES)
def test_in_process_over_ros_and_from_the_bag_agree_at_every_step(tmp_path, name, policy, fault):
    robot = Contract.load(paths.robot(name))
    steps = round(SECONDS * ROBOT.rate) if name == 'walker2d' else 60
    metrics = run(tmp_path, policy, fault, name, steps / robot.rate)
    walks = run_episodes(controller(policy, robot), robot, parse(fault), EPISODES, SEED, steps)
    in_process = joined([walk.trace for walk in walks])

    bag, observed = Bag(tmp_path), read_run(tmp_path)['observed']
    driver = controller(policy, robot)
    live = recorded_trace(bag, driver.runner.contract, observed)
    replayed = replay(bag, driver, observed)

    assert compare(in_process, live) is None
    assert compare(in_process, replayed) is None
    least = 0.95 if fault == 'none' else 0.2
    assert len(live) > least * EPISODES * steps, 'a walk that ends at once shows little'
    assert [e['return'] for e in metrics['episodes']] == [walk.total for walk in walks]
    assert [e['steps'] for e in metrics['episodes']] == [walk.steps for walk in walks]
    sensed = of_kind(parse(fault), SensorFault)
    assert (tmp_path / 'log' / 'fault.log').exists() == bool(sensed), 'only with work to do'


@pytest.mark.parametrize(
    ('name', 'policy', 'fault'),
    [
        *(pytest.param('walker2d', 'cfc', fault, marks=SLOW) for fault in FAULTS[:3]),
        ('walker2d', 'cfc', FAULTS[3]),
        pytest.param('hopper', 'expert', 'gaussian:0.1+dropped:0.1', marks=SLOW),
        pytest.param('halfcheetah', 'expert', 'none', marks=SLOW),
    ],
)
def test_every_command_type_gives_that_answer(tmp_path, name, policy, fault):
    shipped = Contract.load(paths.robot(name))
    steps = round(SECONDS * ROBOT.rate)
    traces = []
    for kind in (FLOAT64_MULTI_ARRAY, JOINT_STATE):
        folder = tmp_path / kind.rpartition('/')[2]
        folder.mkdir()
        robot, bundle = commanded_by(kind, policy, folder, name)
        metrics = run(folder / 'run', bundle, fault, robot, steps / shipped.rate)
        assert metrics['complete'], metrics['why']
        bag, observed = Bag(folder / 'run'), read_run(folder / 'run')['observed']
        assert bag.types['commands'] == kind
        driver = controller(bundle, Contract.load(robot))
        live = recorded_trace(bag, driver.runner.contract, observed)
        assert compare(live, replay(bag, driver, observed)) is None
        assert live.answers.all()
        traces.append(live)
    walks = run_episodes(controller(policy, shipped), shipped, parse(fault), EPISODES, SEED, steps)
    for trace in traces:
        assert compare(joined([walk.trace for walk in walks]), trace) is None


def test_a_sample_that_is_lost_on_a_topic_which_the_policy_does_not_read_changes_nothing(tmp_path):
    data = yaml.safe_load(paths.robot('walker2d').read_text())
    turning = {
        'name': 'turning', 'topic': 'imu/data', 'type': 'sensor_msgs/msg/Imu', 'unit': 'rad/s',
        'field': 'angular_velocity', 'components': ['y'], 'std': 5.0,
    }  # fmt: skip
    data['observation'].append(turning)
    robot = tmp_path / 'walker2d.yaml'
    robot.write_text(yaml.safe_dump(data))
    fault = 'dropped:0.3'
    metrics = run(tmp_path / 'run', 'lstm', fault, robot)
    runner, steps = controller('lstm').runner, round(SECONDS * ROBOT.rate)
    contract = Contract.load(robot)
    walks = run_episodes(
        Controller(runner, contract), contract, parse(fault), EPISODES, SEED, steps
    )
    assert metrics['complete'], metrics['why']
    assert [e['return'] for e in metrics['episodes']] == [walk.total for walk in walks]


def test_equal_seeds_give_equal_metrics(tmp_path):
    first, second = (
        run(tmp_path / name, 'cfc', 'gaussian:0.1+dropped:0.1') for name in ('first', 'second')
    )
    assert first['complete']
    assert first['counts']['answered'] == second['counts']['answered']
    for one, other in [(first['figures'], second['figures']),
                       *zip(first['episodes'], second['episodes'], strict=True)]:  # fmt: skip
        exact = {key for key in one if not key.startswith(TIMED)}
        assert {key: one[key] for key in exact} == {key: other[key] for key in exact}
        assert exact
