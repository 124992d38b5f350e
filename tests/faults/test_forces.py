"""Faults of the dynamics, by value: motors, damping, slopes, pushes, and masses by a pattern."""

import mujoco
import numpy as np
import pytest
from support import ROBOT
from ways import Way

from liquid_control.faults import FaultError, SimulationFaults, check_model, parse
from liquid_control.sim import simulated_robot

WALKER2D, HOPPER, HALF_CHEETAH = (
    simulated_robot(name) for name in ('walker2d', 'hopper', 'halfcheetah')
)
ROBOTS = pytest.mark.parametrize(
    'robot', [WALKER2D, HOPPER, HALF_CHEETAH], ids=lambda robot: robot.name
)
pytestmark = pytest.mark.filterwarnings('ignore:compiler attribute')
SERVO = """
<mujoco><worldbody><body><joint name="j" damping="2"/><geom size="0.1"/></body></worldbody>
<actuator><position joint="j" kp="30" kv="2" forcerange="-5 5"/></actuator></mujoco>
"""
BALL = '<mujoco><worldbody><body><freejoint/><geom size="1" mass="4"/></body></worldbody></mujoco>'
LIFT = """<mujoco><worldbody><body><joint type="slide" axis="0 0 1"/><geom size="1"/></body>
</worldbody></mujoco>"""


def changed(spec, nominal, seed=0, step=0):
    return SimulationFaults(parse(spec), seed, ROBOT.action).model(nominal, 0, step)


def moving(model, seed=0):
    """A state in which everything moves, in the air."""
    data, rng = mujoco.MjData(model), np.random.default_rng(seed)
    data.qpos[:] += 0.1 * rng.standard_normal(model.nq)
    data.qpos[1] += 5.0
    data.qvel[:] = rng.standard_normal(model.nv)
    data.ctrl[:] = rng.uniform(-1, 1, model.nu)
    mujoco.mj_forward(model, data)
    return data


def momentum(model, data):
    mujoco.mj_subtreeVel(model, data)
    return model.body_subtreemass[0] * data.subtree_linvel[0]


@ROBOTS
def test_motors_give_that_share_of_their_force(robot):
    nominal = robot.load_model()
    weak = changed('motor:0.6', nominal)
    found, expected = moving(weak).qfrc_actuator, moving(nominal).qfrc_actuator
    np.testing.assert_allclose(found, 0.6 * expected, rtol=1e-12)
    assert np.abs(expected).max() > 1


def test_a_weak_servo_is_softer_and_keeps_its_set_point():
    nominal = mujoco.MjModel.from_xml_string(SERVO)
    weak = changed('motor:0.5', nominal)
    for angle, speed, target in [(0.1, 0.0, 0.2), (0.2, 1.0, 0.2), (0.2, 0.0, 0.2), (0, 0, 9)]:
        forces = []
        for model in (nominal, weak):
            data = mujoco.MjData(model)
            data.qpos[0], data.qvel[0], data.ctrl[0] = angle, speed, target
            mujoco.mj_forward(model, data)
            forces.append(data.actuator_force[0])
        assert forces[1] == pytest.approx(0.5 * forces[0])


@ROBOTS
def test_joints_are_damped_by_that_factor(robot):
    nominal = robot.load_model()
    damped = changed('damping:3', nominal)
    assert np.array_equal(damped.dof_damping, 3 * nominal.dof_damping)
    found, expected = moving(damped), moving(nominal)
    np.testing.assert_allclose(found.qfrc_damper, 3 * expected.qfrc_damper, rtol=1e-12)
    assert np.abs(expected.qfrc_damper).max() > 0.01


@pytest.mark.parametrize('degrees', [-6.0, 0.0, 5.0])
def test_a_slope_tilts_gravity(degrees):
    nominal = WALKER2D.load_model()
    gravity = changed(f'slope:{degrees}', nominal).opt.gravity
    angle = np.radians(degrees)
    np.testing.assert_allclose(gravity, 9.81 * np.array([-np.sin(angle), 0, -np.cos(angle)]))


@ROBOTS
@pytest.mark.parametrize('force', [0.0, 40.0])
def test_a_push_changes_momentum_by_its_impulse(robot, force):
    nominal = robot.load_model()
    pushed = changed(f'push:{force}/burst:1', nominal)
    data = moving(pushed)
    data.ctrl[:] = 0
    before, steps = momentum(pushed, data), 10
    mujoco.mj_step(pushed, data, steps)
    mujoco.mj_forward(pushed, data)
    after = momentum(pushed, data)
    impulse = force * steps * pushed.opt.timestep
    assert abs(after[0] - before[0]) == pytest.approx(impulse, rel=0.02, abs=0.01)
    assert after[1] == pytest.approx(0.0, abs=1e-9)


def test_a_free_body_is_pushed_in_any_horizontal_direction():
    nominal, found = mujoco.MjModel.from_xml_string(BALL), []
    for seed in range(40):
        model = changed('push:8/burst:1', nominal, seed)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        found.append(data.qacc[:6].copy())
    found = np.array(found)
    np.testing.assert_allclose(np.hypot(found[:, 0], found[:, 1]), 8 / 4, rtol=1e-9)
    np.testing.assert_allclose(found[:, 2], -9.81, rtol=1e-6)
    np.testing.assert_allclose(found[:, 3:], 0.0, atol=1e-6)
    quarters = {(x > 0, y > 0) for x, y in found[:, :2].tolist()}
    assert len(quarters) == 4


def test_pushes_come_once_in_every_window_to_both_sides():
    way, forces = Way('push:30/burst:4:20', 3), []
    way.reset(0)
    for _ in range(400):
        model = way.step().model
        forces.append(model.jnt_stiffness[0] * (model.qpos_spring[0] - model.qpos0[0]))
    windows = np.array(forces).reshape(20, 20)
    assert set(np.round(np.unique(windows), 6).tolist()) == {-30.0, 0.0, 30.0}
    assert ((windows != 0).sum(axis=1) == 4).all()
    assert (np.abs(windows.sum(axis=1).round(6)) == 120).all(), 'one direction a push'
    assert len({row.argmax() for row in (windows != 0)}) > 5, 'at random times'


@pytest.mark.parametrize(
    ('robot', 'pattern', 'bodies'),
    [
        (WALKER2D, 'thigh*', ['thigh', 'thigh_left']),
        (WALKER2D, '*thigh*', ['thigh', 'thigh_left']),
        (HOPPER, '*thigh*', ['thigh']),
        (HALF_CHEETAH, '*thigh*', ['bthigh', 'fthigh']),
    ],
)
def test_a_pattern_names_several_bodies(robot, pattern, bodies):
    nominal = robot.load_model()
    found = changed(f'mass:2:{pattern}', nominal)
    share = found.body_mass[1:] / nominal.body_mass[1:]
    names = [nominal.body(index).name for index in range(1, nominal.nbody)]
    assert [name for name, each in zip(names, share, strict=True) if each == 2.0] == bodies
    assert set(share.tolist()) == {1.0, 2.0}


@pytest.mark.parametrize(
    ('spec', 'xml', 'said'),
    [
        ('motor', BALL, 'motor: expected an actuator, found none'),
        ('push', LIFT, 'push: expected a base that can move horizontally'),
        ('push', '<mujoco/>', 'push: expected a body that moves'),
        ('mass:2:tigh*', BALL, "mass: unknown body 'tigh"),
    ],
)
def test_a_model_without_the_part_is_refused(spec, xml, said):
    with pytest.raises(FaultError, match=said):
        check_model(parse(spec), mujoco.MjModel.from_xml_string(xml))
