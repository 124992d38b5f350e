"""Students experience in training what their bundles experience later."""

import numpy as np
import pytest
import torch
from students import student
from support import ROBOT, STUDENT

from liquid_control.control import Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import BatchFaults, SimulationFaults, Streams, parse
from liquid_control.models import StepModel
from liquid_control.sim import robot_of
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.world import FIRST_STAMP_NS, World
from liquid_control.training.export import export_bundle
from liquid_control.training.student.batch import StudentBatch

STEPS, SEED = 25, 11


@pytest.mark.parametrize(
    'spec',
    [
        'none', 'delay:1', 'delay:3', 'jitter:0.3+delay:2', 'delay:3@8+jitter:0.3@4',
        'delay_ms:20+jitter:0.3', 'stamp_jitter:0.3+dropped:0.2', 'removed:1:on=rooty/cyclic:3:7@4',
        'bias:0.2+gaussian:0.1', 'drift:1+stuck:0.2:3', 'frozen:1/burst:5:9+stamp_jitter:0.1@9',
    ],
)  # fmt: skip
def test_a_ride_is_the_walk_of_the_bundle(tmp_path, spec):
    """The same start and clock give the same observations, elapsed times and commands."""
    model = student('gru').eval()
    bundle = export_bundle(
        tmp_path / 'gru.onnx', StepModel(model).eval(), cell='gru', settings={},
        contract=STUDENT, state_size=model.state_size,
    )  # fmt: skip
    controller = Controller(PolicyRunner(bundle), ROBOT)
    faults = parse(spec)
    trace = run_episodes(controller, ROBOT, faults, 1, SEED, STEPS)[0].trace

    robot = robot_of(ROBOT)
    world, walkers = World(robot), WorldBatch(robot, 1, 0)
    world.reset(SEED)
    walkers.qpos[0], walkers.qvel[0] = world.data.qpos, world.data.qvel
    batch = BatchFaults.of(faults, np.ones((1, len(faults)), dtype=bool), STUDENT, ROBOT)
    students, clock = StudentBatch(model, batch), SimulationFaults(faults, SEED, ROBOT.action)
    streams, stamp, found = Streams(SEED), FIRST_STAMP_NS, []
    for step in range(STEPS):
        lengths = walkers.whole(np.array([clock.period(stamp, step)]))
        observation, elapsed, seen, action = students.decide(walkers.qpos[:, 1:], streams.at(stamp))
        sent = students.send(action, seen, lengths)
        if seen[0, 0]:
            found.append((observation[0, :8], elapsed[0, 0], sent[0].copy()))
        _, fallen = walkers.step(sent, lengths)
        stamp += round(lengths[0] * 8_000_000)
        if fallen[0]:
            break
    observations, elapsed, actions = map(np.array, zip(*found, strict=True))
    assert len(trace) == len(found) > 5
    np.testing.assert_allclose(trace.observations, observations, atol=1e-4)
    np.testing.assert_allclose(trace.elapsed, elapsed, atol=1e-6)
    np.testing.assert_allclose(trace.actions, actions, atol=1e-4)
    assert torch.is_tensor(students.state)
    walkers.close()
