"""Faults of the dynamics: a changed model is what MuJoCo compiles from a changed description."""

import mujoco
import numpy as np
import pytest
from support import ROBOT
from ways import Way

from liquid_control.evaluation.suite import DYNAMICS
from liquid_control.faults import FaultError, SimulationFaults, check_model, parse
from liquid_control.sim import simulated_robot

CARTS = """
<mujoco><worldbody>
  <body name="lamp"><geom size="1" mass="90"/></body>
  <body name="light"><joint type="slide"/><geom size="0.1" mass="3"/></body>
  <body name="heavy"><joint type="slide"/><geom size="0.1" mass="2"/>
    <body name="pole"><joint/><geom size="0.1" mass="5"/></body>
  </body>
</worldbody></mujoco>
"""
ROBOTS = WALKER2D, HOPPER, HALF_CHEETAH = [
    simulated_robot(name) for name in ('walker2d', 'hopper', 'halfcheetah')
]


pytestmark = pytest.mark.filterwarnings('ignore:compiler attribute')


def model_of(robot, change=lambda spec: None):
    spec = mujoco.MjSpec.from_file(str(robot.model_path()))
    change(spec)
    return spec.compile()


def changed(spec, nominal, seed=0):
    return SimulationFaults(parse(spec), seed, ROBOT.action).model(nominal, 0, 0)


def assert_same(found, expected):
    """Every array and option of two models agrees."""
    for name in dir(expected):
        value = getattr(expected, name)
        if isinstance(value, np.ndarray) and value.dtype.kind == 'f':
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('robot', ROBOTS, ids=lambda robot: robot.name)
@pytest.mark.parametrize('factor', [0.5, 2.0])
def test_friction_is_scaled_on_every_geom(robot, factor):
    nominal = model_of(robot)

    def scale(spec):
        for geom in spec.geoms:
            geom.friction = factor * geom.friction

    expected = model_of(robot, scale)
    assert_same(changed(f'friction:{factor}', nominal), expected)
    assert np.array_equal(expected.geom_friction, factor * nominal.geom_friction)


@pytest.mark.parametrize('robot', [WALKER2D, HOPPER], ids=lambda robot: robot.name)
@pytest.mark.parametrize(('body', 'factor'), [('torso', 1.3), ('torso', 0.7)])
def test_a_heavier_body_is_one_of_greater_density(robot, body, factor):
    nominal = model_of(robot)

    def scale(spec):
        for geom in spec.body(body).geoms:
            geom.density = factor * geom.density

    found = changed(f'mass:{factor}:{body}', nominal)
    assert_same(found, model_of(robot, scale))
    index = nominal.body(body).id
    assert found.body_mass[index] == factor * nominal.body_mass[index]
    others = np.arange(nominal.nbody) != index
    assert np.array_equal(found.body_mass[others], nominal.body_mass[others])


@pytest.mark.parametrize('robot', ROBOTS, ids=lambda robot: robot.name)
def test_a_factor_of_one_changes_nothing(robot):
    nominal = model_of(robot)
    found = changed('friction:1+mass:1', nominal)
    assert found is not nominal
    for name in dir(nominal):
        value = getattr(nominal, name)
        if isinstance(value, np.ndarray):
            assert value.tobytes() == getattr(found, name).tobytes(), name


@pytest.mark.parametrize('robot', ROBOTS, ids=lambda robot: robot.name)
def test_the_default_body_is_the_base(robot):
    nominal = model_of(robot)
    assert_same(changed('mass:1.3', nominal), changed(f'mass:1.3:{robot.base}', nominal))


def test_every_robot_has_a_base():
    """A lamp that is fixed, a light cart, and a heavy one whose pole is heavier still."""
    nominal = mujoco.MjModel.from_xml_string(CARTS)
    found = changed('mass:2', nominal)
    assert (found.body_mass[1:] / nominal.body_mass[1:]).tolist() == [1.0, 1.0, 2.0, 1.0]
    for fault in DYNAMICS.faults:
        check_model(parse(fault), nominal)
    with pytest.raises(FaultError, match='expected a body that moves'):
        check_model(parse('mass'), mujoco.MjModel.from_xml_string('<mujoco/>'))


def test_the_nominal_model_is_never_changed():
    way = Way('friction:0.2+mass:3', 0)
    before = way.world.nominal.geom_friction.copy(), way.world.nominal.body_mass.copy()
    for episode in range(2):
        way.reset(episode)
        assert way.world.model is way.world.nominal
        assert way.step().model.geom_friction.tolist() == (0.2 * before[0]).tolist()
    assert np.array_equal(way.world.nominal.geom_friction, before[0])
    assert np.array_equal(way.world.nominal.body_mass, before[1])


def test_dynamics_may_change_in_mid_episode():
    way, same = Way('mass:2@4', 0), Way('none', 0)
    for each in (way, same):
        each.reset(0)
    apart = [not np.array_equal(way.step().read, same.step().read) for _ in range(8)]
    assert apart == [False] * 5 + [True] * 3, 'readings differ one period after the mass'


def test_without_such_faults_the_nominal_model_is_used_itself():
    nominal = model_of(WALKER2D)
    assert changed('gaussian+jitter+command_noise', nominal) is nominal


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ('mass:2:torsi', r"mass: unknown body 'torsi' \(did you mean 'torso'\?\)"),
        ('mass:2:world', "unknown body 'world'"),
    ],
)
def test_a_part_that_is_not_there_is_named(spec, said):
    with pytest.raises(FaultError, match=said):
        check_model(parse(spec), model_of(WALKER2D))
