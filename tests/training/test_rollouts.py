"""Rollouts for imitation: seeded, labelled, and under the drawn faults."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from students import TEACHER, student

from liquid_control import paths
from liquid_control.faults import BatchFaults, FaultError, Signal, parse
from liquid_control.sim import simulated_robot
from liquid_control.training.student.conditions import Chance, Conditions
from liquid_control.training.student.rollouts import Collector
from liquid_control.training.teacher import Teacher, read_teacher

COUNT, STEPS = 8, 30
WALKER2D = simulated_robot('walker2d')
DOC = Path(__file__).parents[2] / 'docs' / 'training.md'


def always(*faults: str, disturbed: float = 0.0) -> Conditions:
    """Conditions under which every walker has these faults from its second episode on."""
    return Conditions(tuple(Chance(1.0, (fault,)) for fault in faults), disturbed, ramp=0.0)


def collect(conditions, chunks=1, seed=0, beta=0.5, steps=STEPS, begin=True):
    collector = Collector(student(), Teacher(TEACHER, COUNT, WALKER2D), COUNT, seed, conditions)
    if begin:
        for index in range(COUNT):
            collector._draw(index, beta, 1.0)
    found = [collector.collect(steps, beta) for _ in range(chunks)]
    collector.close()
    return found


def test_one_seed_gives_one_rollout():
    first, again, other = (collect(Conditions(), seed=seed)[0] for seed in (3, 3, 4))
    for name, values in first.tensors().items():
        assert torch.equal(values, getattr(again, name)), name
    assert not torch.equal(first.label[:5], other.label[:5])


def test_labels_are_inside_the_limits():
    chunk = collect(Conditions())[0]
    assert chunk.label.abs().max() <= 1
    assert chunk.label[chunk.acted[..., 0] > 0].std() > 0.1


def test_label_is_for_the_state_before():
    collector = Collector(student(), Teacher(TEACHER, COUNT, WALKER2D), COUNT, 0, Conditions(()))
    wanted, teacher = [], Teacher(TEACHER, COUNT, WALKER2D)
    step = collector._worlds.step

    def watched(*given):
        wanted.append(teacher(collector._worlds))
        return step(*given)

    collector._worlds.step = watched
    chunk = collector.collect(STEPS, 0.5)
    collector.close()
    found = {tuple(row) for row in chunk.label[chunk.acted[..., 0] > 0].numpy().tolist()}
    assert found == {tuple(row) for row in np.concatenate(wanted).astype(np.float32).tolist()}


def test_lost_samples_lengthen_the_time():
    chunk = collect(always('dropped:0.3'))[0]
    samples = chunk.acted.sum(1)
    assert samples.max() < STEPS
    seen = chunk.elapsed[chunk.acted > 0]
    assert set(seen.tolist()) <= {float(n) for n in range(1, 12)}
    assert 1.2 < seen.mean() < 1.7


def test_jitter_is_in_whole_physics_steps():
    chunk = collect(always('jitter:0.25'))[0]
    seen = chunk.elapsed[chunk.acted > 0]
    assert set((4 * seen).tolist()) <= set(range(2, 9))
    assert 0.15 < seen.std() < 0.35
    assert 0 < chunk.foretold.sum() < chunk.acted.sum()


@pytest.mark.parametrize('late', [0, 1, 3])
def test_target_is_the_next_clean_reading(late):
    chunk = collect(always(f'delay:{late}'), beta=1.0, steps=12)[0]
    long = chunk.acted.sum((1, 2)) == 12
    # until then, the first reading is repeated, and what follows it is foretold
    following, target = chunk.observation[long, 1 + late :, :8], chunk.target[long, late:-1]
    there = (chunk.acted[long, 1 + late :] > 0).expand_as(target)
    assert there.any()
    assert torch.equal(following[there], target[there])


def test_faults_are_drawn_as_often_as_said():
    conditions = Conditions((Chance(0.5, ('gaussian:0.1',)), Chance(0.6, ('delay:1', 'delay:3'))))
    rng = np.random.default_rng(0)
    has = np.array([conditions.draw(rng, 1.0) for _ in range(8000)])
    np.testing.assert_allclose(has.mean(0), [0.5, 0.3, 0.3], atol=0.02)
    assert not (has[:, 1] & has[:, 2]).any()
    assert not np.array([conditions.draw(rng, 0.0) for _ in range(100)]).any()
    assert conditions.faults() == parse('gaussian:0.1+delay:1+delay:3')


def test_faults_come_up_over_the_ramp():
    assert [Conditions(ramp=0.2).level(share) for share in (0.0, 0.1, 0.2, 1.0)] == [0, 0.5, 1, 1]


@pytest.mark.parametrize(
    ('chance', 'said'), [((1.5, ()), '0 to 1'), ((0.5, ('none',)), 'one fault')]
)
def test_a_chance_without_sense_is_refused(chance, said):
    with pytest.raises(ValueError, match=said):
        Chance(*chance)


def test_documented_conditions_load(tmp_path):
    (example,) = re.findall(r'```yaml\n(.*?)```', DOC.read_text(), re.DOTALL)
    (tmp_path / 'c.yaml').write_text(example)
    found = Conditions.load(tmp_path / 'c.yaml')
    assert found.chances[1].faults.count('delay:3') == 2
    defaults = Conditions()
    assert (found.disturbed, found.action_noise, found.ramp) == (
        defaults.disturbed, defaults.action_noise, defaults.ramp,
    )  # fmt: skip


def test_conditions_are_read_from_a_file(tmp_path):
    path = tmp_path / 'conditions.yaml'
    path.write_text('chances:\n  - {probability: 0.5, faults: ["delay:2"]}\nramp: 0\n')
    assert Conditions.load(path) == Conditions((Chance(0.5, ('delay:2',)),), ramp=0.0)


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('chanses: []', "did you mean 'chances'"),
        ('ramp: 2', 'ramp: expected a number from 0 to 1, found 2'),
        ('chances: 1', 'chances: expected a list'),
        ('chances: [{probability: 0.1}]', r'chances\[0\]: faults is missing'),
        ('chances: [{probability: 0.1, faults: [dely]}]', "did you mean 'delay'"),
        ('chances: [{probability: 0.1, faults: [dely]}]', r'yaml: chances\[0\]: faults: unknown'),
        (
            'chances: [{probability: 0.1, faults: ["delay:1+dropped"]}]',
            r"yaml: chances\[0\]: faults: expected one fault each, found 'delay:1\+dropped'",
        ),
        ('[', 'invalid YAML'),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / 'conditions.yaml'
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        Conditions.load(path)


@pytest.mark.parametrize(
    'conditions',
    [
        Conditions(),
        always('mass:1.5', 'friction:0.5', 'command_delay:2', 'command_noise:0.1'),
        always(
            'bias:0.2',
            'frozen:1/burst:5:12',
            'stuck:0.1:3',
            'delay_ms:20',
            'random_walk',
            'stamp_jitter:0.2',
            'period_ms:12/burst:4:9',
            'push:20/burst:3:9',
            'motor/ramp:50',
        ),
    ],
    ids=['sensors', 'commands and dynamics', 'with memory and schedules'],
)
def test_collector_resumes_from_a_snapshot(conditions):
    def fresh():
        collector = Collector(student(), Teacher(TEACHER, COUNT, WALKER2D), COUNT, 1, conditions)
        for index in range(COUNT):
            collector._draw(index, 0.5, 1.0)
        return collector

    whole, resumed = fresh(), fresh()
    for _ in range(2):
        whole.collect(STEPS, 0.5)
    resumed.restore(*whole.snapshot())
    first, second = (collector.collect(STEPS, 0.5) for collector in (whole, resumed))
    for name, values in first.tensors().items():
        assert torch.equal(values, getattr(second, name)), name


def test_a_teacher_must_see_everything():
    with pytest.raises(ValueError, match='a teacher must read joint_position and joint_velocity'):
        read_teacher(paths.policy('cfc', 'walker2d'), WALKER2D)


def test_conditions_give_their_elapsed_times():
    assert Conditions(chances=()).elapsed() == (1.0, 1.0)
    low, high = Conditions().elapsed()
    assert 0.85 < low < 0.97, 'jitter of 0.25 over 50 steps'
    assert 1.2 < high < 1.35, 'and one sample in ten lost'
    always = Conditions(chances=(Chance(1.0, ('dropped:0.5',)),)).elapsed()
    assert always[0] > 1.4
    assert always[1] > 2.5


def test_periods_in_ms_and_losses_give_their_elapsed_times():
    period_ns = WALKER2D.period_ns
    assert always('period_ms:4').elapsed(period_ns) == (0.5, 0.5)
    low, high = always('period_ms:16', 'dropped:0.5').elapsed(period_ns)
    assert low > 2.4, 'periods twice as long'
    assert high > 5.0, 'and half of the samples lost'
    assert always('delay:5', 'frozen', 'bias').elapsed() == (1.0, 1.0)
    with pytest.raises(FaultError, match='period_ms: expected a nominal period, which is not'):
        always('period_ms:4').elapsed()


def test_shipped_conditions_fit_every_shipped_robot_of_that_period():
    conditions = Conditions.load(paths.share() / 'config' / 'conditions' / 'adaptive.yaml')
    for name in ('walker2d', 'hopper'):
        conditions.require_fit(simulated_robot(name).contract())
    with pytest.raises(FaultError, match=r'chances\[6\]: faults: period_ms:4: .* in \[5, 500\]'):
        conditions.require_fit(simulated_robot('halfcheetah').contract())
    faults = {fault.name for fault in conditions.faults()}
    assert faults >= {'bias', 'frozen', 'stuck', 'period_ms', 'friction', 'mass', 'motor'}


def test_faults_in_training_know_the_time():
    """A drift and a delay in ms follow the simulated time, in worlds of other periods too."""
    conditions = always('period_ms:4', 'drift:1', 'removed:0')
    collector = Collector(student(), Teacher(TEACHER, COUNT, WALKER2D), COUNT, 0, conditions)
    for index in range(COUNT):
        collector._draw(index, 1.0, 1.0)
    faults = BatchFaults(
        parse('drift:1'), np.ones((COUNT, 1)), Signal(np.ones(1), period_ns=8_000_000),
        collector._worlds.robot.contract().action,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    for step in range(5):
        values, _ = faults.read(np.zeros((COUNT, 1)), rng)
        np.testing.assert_allclose(np.abs(values), step * 0.004)
        faults.advance(np.full(COUNT, 0.5))
    collector.collect(5, 1.0)
    assert set(collector._students.faults._time.tolist()) == {5 * 4_000_000}
    collector.close()
