"""The world: Gymnasium's Walker2d-v5, as messages and stamps."""

import mujoco
import numpy as np
import pytest
from support import ROBOT

from liquid_control.control import Observer
from liquid_control.sim import batch, simulated_robot
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.world import FIRST_STAMP_NS, World

GRAVITY = 9.81
WALKER2D = simulated_robot('walker2d')


@pytest.fixture(scope='module')
def environment():
    gymnasium = pytest.importorskip('gymnasium')
    pytest.importorskip('imageio', reason='needs gymnasium[mujoco]')
    environment = gymnasium.make('Walker2d-v5', terminate_when_unhealthy=False)
    yield environment.unwrapped
    environment.close()


def observed(world):
    position, velocity = world.data.qpos[1:], np.clip(world.data.qvel, -10, 10)
    return np.concatenate([position, velocity])


@pytest.mark.parametrize('seed', [0, 1, 123, 2**31])
def test_it_is_gymnasiums_walker_bit_for_bit(environment, seed):
    """Observation, reward and health over 300 random steps, even after falls, with sensors read."""
    world, rng = World(WALKER2D), np.random.default_rng(seed)
    first, _ = environment.reset(seed=seed)
    world.reset(seed)
    assert observed(world).tobytes() == first.tobytes()
    fallen = 0
    for _ in range(300):
        action = rng.uniform(-1, 1, 6)
        expected, reward, _, _, _ = environment.step(action)
        world.messages()
        found, terminated = world.step(action)
        assert observed(world).tobytes() == expected.tobytes()
        assert found == reward
        assert terminated == (not environment.is_healthy)
        fallen += terminated
    assert fallen


def test_the_observer_sees_what_gymnasium_observes(environment):
    world, observer = World(WALKER2D), Observer(ROBOT)
    world.reset(5)
    first, _ = environment.reset(seed=5)
    stamp, seen = observer.update('joint_states', world.messages()['joint_states'])
    assert stamp == FIRST_STAMP_NS
    np.testing.assert_array_equal(seen, first.astype(np.float32))


def test_reading_the_sensors_changes_nothing():
    quiet, read = World(WALKER2D), World(WALKER2D)
    rng = np.random.default_rng(0)
    for world in (quiet, read):
        world.reset(0)
    for _ in range(100):
        action = rng.uniform(-1, 1, 6)
        read.messages()
        assert quiet.step(action) == read.step(action)
        assert quiet.data.qpos.tobytes() == read.data.qpos.tobytes()


def test_stamps_step_by_a_period_and_episodes_by_a_gap():
    world = World(WALKER2D)
    for episode in range(3):
        world.reset(episode)
        start = world.stamp_ns
        assert start == FIRST_STAMP_NS + episode * (1_500_000_000 + 10 * WALKER2D.period_ns)
        for step in range(10):
            stamp = world.messages()['joint_states'].header.stamp
            assert stamp.sec * 10**9 + stamp.nanosec == start + step * WALKER2D.period_ns
            world.step(np.zeros(6))


@pytest.fixture
def tumbling():
    """A world with the walker thrown into the air, rotating."""
    world = World(WALKER2D)
    world.reset(0)
    world.data.qpos[1:3] = 8.0, 0.7
    world.data.qvel[:3] = 1.0, 0.5, 2.0
    mujoco.mj_forward(world.model, world.data)
    return world


def rotation(orientation):
    matrix = np.zeros(9)
    q = np.array([orientation.w, orientation.x, orientation.y, orientation.z])
    mujoco.mju_quat2Mat(matrix, q)
    return matrix.reshape(3, 3)


def vector(v):
    return np.array([v.x, v.y, v.z])


def test_poses_are_of_the_same_instant_as_the_joints(tumbling):
    for _ in range(5):
        tumbling.step(np.full(6, 0.3))
        messages = tumbling.messages()
        position = dict(zip(WALKER2D.joints, messages['joint_states'].position, strict=True))
        pose = messages['odom'].pose.pose
        assert pose.position.x == position['rootx']
        assert pose.position.z == pytest.approx(position['rootz'], abs=1e-12)
        half = position['rooty'] / 2
        q = pose.orientation
        assert (q.x, q.y, q.z, q.w) == pytest.approx((0.0, np.sin(half), 0.0, np.cos(half)))
        assert q == messages['imu/data'].orientation


def test_velocities_are_in_the_torsos_frame(tumbling):
    tumbling.step(np.zeros(6))
    messages = tumbling.messages()
    velocity = dict(zip(WALKER2D.joints, messages['joint_states'].velocity, strict=True))
    twist = messages['odom'].twist.twist
    turn = rotation(messages['imu/data'].orientation)
    world = turn @ vector(twist.linear)
    assert world[[0, 2]] == pytest.approx([velocity['rootx'], velocity['rootz']])
    assert vector(messages['imu/data'].angular_velocity)[1] == pytest.approx(velocity['rooty'])


def test_the_imu_reads_what_an_accelerometer_reads(tumbling):
    """dv/dt + g upwards, rotated into the torso's frame: +g at rest, 0 in free fall."""
    data = tumbling.data
    for _ in range(5):
        tumbling.step(np.zeros(6))
        imu = tumbling.messages()['imu/data']
        true = np.array([data.qacc[0], 0.0, data.qacc[1] + GRAVITY])
        measured = rotation(imu.orientation) @ vector(imu.linear_acceleration)
        np.testing.assert_allclose(measured, true, atol=1e-9)


def test_at_rest_the_imu_reads_gravity_upwards():
    world = World(WALKER2D)
    world.reset(0)
    world.data.qacc[:], world.data.qvel[:] = 0.0, 0.0
    acceleration = vector(world.messages()['imu/data'].linear_acceleration)
    np.testing.assert_allclose(acceleration, [0.0, 0.0, GRAVITY], atol=0.1)


def test_many_worlds_agree_with_one():
    """Within 1e-9: the batch starts each period's solver from zero (found: 2e-12 after 200)."""
    count, steps = 4, 200
    walkers = WorldBatch(WALKER2D, count, seed=3)
    worlds = [World(WALKER2D) for _ in range(count)]
    for world, qpos, qvel in zip(worlds, walkers.qpos, walkers.qvel, strict=True):
        world.reset(0)
        world.data.qpos[:], world.data.qvel[:] = qpos, qvel
    rng, apart = np.random.default_rng(0), 0.0
    for _ in range(steps):
        actions = rng.uniform(-1, 1, (count, 6))
        rewards, terminated = walkers.step(actions)
        for index, world in enumerate(worlds):
            reward, fallen = world.step(actions[index])
            apart = max(apart, float(np.abs(world.data.qpos - walkers.qpos[index]).max()))
            assert reward == pytest.approx(rewards[index], abs=1e-9)
            assert fallen == terminated[index]
    assert apart < 1e-9
    walkers.close()


def test_threads_change_no_number():
    found = []
    for threads in (1, 3):
        batch.use_threads(threads)
        try:
            walkers = WorldBatch(WALKER2D, 7, seed=3)
        finally:
            batch.use_threads(1)
        rng = np.random.default_rng(0)
        for _ in range(30):
            lengths = walkers.whole(rng.uniform(0.5, 1.5, 7))
            walkers.step(rng.uniform(-1, 1, (7, 6)), lengths)
        found.append(walkers.state.tobytes())
        walkers.close()
    assert found[0] == found[1]
    with pytest.raises(ValueError, match='threads: expected 1 or more, found 0'):
        batch.use_threads(0)


def test_every_walker_of_a_batch_starts_for_itself_and_by_the_seed():
    one, two, other = (WorldBatch(WALKER2D, 3, seed) for seed in (0, 0, 1))
    assert one.qpos.tobytes() == two.qpos.tobytes() != other.qpos.tobytes()
    assert len({q.tobytes() for q in one.qpos}) == 3
    before = one.qpos.copy()
    one.reset(1)
    assert (one.qpos == before).all(1).tolist() == [True, False, True]
    for walkers in (one, two, other):
        walkers.close()


def test_health_has_open_bounds_and_a_fallen_or_broken_walker_is_not_healthy():
    qpos = np.zeros((6, 9))
    qpos[:, 1] = [1.25, 0.8, 2.0, 1.25, 1.25, np.nan]
    qpos[:, 2] = [0.0, 0.0, 0.0, 1.0, -1.0, 0.0]
    assert WALKER2D.task.healthy(qpos, np.zeros((6, 9))).tolist() == [True] + [False] * 5
