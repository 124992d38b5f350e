"""A robot of one's own: a model, a contract and a description, and everything runs it."""

from dataclasses import dataclass

import mujoco
import numpy as np
import pytest
import yaml
from recording import make_bundle

from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.sim import (
    NoisyStart,
    PositionGains,
    SimulatedRobot,
    register,
    registry,
    robot_of,
    simulated_robots,
)
from liquid_control.sim.batch import WorldBatch, batch_episodes
from liquid_control.sim.reader import StateReader
from liquid_control.sim.world import World

MODEL = """
<mujoco>
  <option timestep="0.005"/>
  <worldbody>
    <body name="cart">
      <joint name="slider" type="slide" axis="1 0 0" damping="0.1"/>
      <geom type="box" size="0.1 0.1 0.05" mass="1"/>
      <body name="pole">
        <joint name="hinge" type="hinge" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.6" size="0.03" mass="0.2"/>
        <body name="tip" pos="0 0 0.6">
          <joint name="wrist" type="hinge" axis="0 1 0" damping="0.01"/>
          <geom type="capsule" fromto="0 0 0 0 0 0.2" size="0.02" mass="0.05"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slider" gear="10" ctrllimited="true" ctrlrange="-1 1"/>
    <motor joint="wrist" gear="2" ctrllimited="true" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""
CONTRACT = {
    'format': 1, 'robot': 'cartpole', 'rate': 50.0, 'freshness': 0.1, 'max_gap': 0.5,
    'observation': [
        {'name': 'joint_position', 'topic': 'joint_states', 'type': 'sensor_msgs/msg/JointState',
         'field': 'position', 'joints': ['hinge', 'slider'], 'unit': ['rad', 'm'], 'std': 0.1},
        {'name': 'joint_velocity', 'topic': 'joint_states', 'type': 'sensor_msgs/msg/JointState',
         'field': 'velocity', 'joints': ['slider', 'hinge'], 'unit': ['m/s', 'rad/s'],
         'clip': [-0.5, 0.5], 'std': 1.0},
    ],
    'action': {'topic': 'commands', 'type': 'std_msgs/msg/Float64MultiArray',
               'joints': ['wrist', 'slider'], 'unit': '1', 'lower': -1.0, 'upper': 1.0,
               'safe': 0.0},
}  # fmt: skip


@dataclass(frozen=True)
class Balance:
    """One point for each period with the pole up; it falls beyond 0.5 rad."""

    def fallen(self, qpos, qvel):
        return np.abs(qpos[..., 1]) > 0.5

    def reward(self, before, after, fallen, action, period_s, length=1.0):
        return np.where(fallen, 0.0, 1.0) * length


@pytest.fixture
def cartpole(tmp_path, monkeypatch):
    """The robot, registered for one test."""
    monkeypatch.setattr(registry, '_registered', {})
    (tmp_path / 'cartpole.xml').write_text(MODEL)
    contract = tmp_path / 'contract.yaml'
    contract.write_text(yaml.safe_dump(CONTRACT))
    robot = SimulatedRobot(
        name='cartpole', model_file='cartpole.xml', contract_file=contract,
        joints=('slider', 'hinge'), actuated=('slider', 'wrist'), step_ns=5_000_000, frame_skip=4,
        task=Balance(), start=NoisyStart(0.02), episode_steps=80,
    )  # fmt: skip
    register(robot)
    return robot


def test_it_is_known_by_its_contract(cartpole):
    assert 'cartpole' in simulated_robots()
    assert robot_of(cartpole.contract()) is cartpole
    assert cartpole.episode_s == pytest.approx(1.6)


def test_a_world_publishes_its_joints(cartpole):
    world = World(cartpole)
    world.reset(0)
    world.step([0.0, 0.5])
    (topic, message), *others = world.messages().items()
    assert (topic, others) == ('joint_states', [])
    assert message.name == ['slider', 'hinge']
    np.testing.assert_array_equal(message.position, world.data.qpos[:2])


def test_commands_go_to_joints_by_name(cartpole):
    """The contract names the wrist first, the model the slider."""
    world = World(cartpole)
    world.reset(0)
    world.step([0.25, -0.5])
    assert world.data.ctrl.tolist() == [-0.5, 0.25]


def test_a_batch_agrees_with_single_worlds(cartpole):
    worlds = WorldBatch(cartpole, 3, seed=0)
    single = [World(cartpole) for _ in range(3)]
    for world, qpos, qvel in zip(single, worlds.qpos, worlds.qvel, strict=True):
        world.reset(0)
        world.data.qpos[:], world.data.qvel[:] = qpos, qvel
    rng = np.random.default_rng(0)
    for _ in range(20):
        actions, lengths = rng.uniform(-1, 1, (3, 2)), worlds.whole(rng.uniform(0.5, 1.5, 3))
        rewards, fallen = worlds.step(actions, lengths)
        for index, world in enumerate(single):
            reward, fell = world.step(actions[index], lengths[index])
            np.testing.assert_allclose(world.data.qpos, worlds.qpos[index], atol=1e-9)
            assert (reward, fell) == (rewards[index], fallen[index])
    worlds.close()


def test_a_reader_reads_terms_by_name(cartpole):
    qpos, qvel = np.array([[1.0, 2.0, 3.0]]), np.array([[0.1, -4.0, 5.0]])
    read = StateReader(cartpole.load_model(), cartpole.contract())
    assert read(qpos, qvel).tolist() == [[2.0, 1.0, 0.1, -0.5]]


def test_episodes_end_with_a_fall(cartpole):
    returns, fallen = batch_episodes(lambda worlds: np.tile([0.0, 1.0], (4, 1)), 4, 0, cartpole)
    assert fallen.all()
    assert (returns > 0).all()
    assert (returns < 80).all()


def test_a_policy_runs_on_it(cartpole, tmp_path):
    contract = cartpole.contract()
    bundle = make_bundle(tmp_path / 'cartpole.onnx', contract, seed=1)
    controller = Controller(PolicyRunner(bundle), contract)
    (episode,) = run_episodes(controller, contract, seed=3)
    assert 0 < episode.steps <= 80
    assert episode.terminated == (episode.steps < 80)
    assert len(episode.trace) == episode.steps


def test_changed_dynamics_are_simulated(cartpole):
    heavy = cartpole.load_model()
    heavy.body_mass[:] *= 3.0
    worlds = [World(cartpole), World(cartpole, model=heavy)]
    for world in worlds:
        world.reset(0)
        world.step([0.0, 1.0])
    light, heavy = (world.data.qvel[0] for world in worlds)
    assert light > 1.5 * heavy > 0


def test_position_gains_act_at_the_physics_rate(cartpole):
    """Equal to a PD controller around single physics steps, inside the motors' limits."""
    stiffness, damping = {'slider': 80.0, 'wrist': 3.0}, {'slider': 2.0, 'wrist': 0.1}
    gains = PositionGains(stiffness, damping)
    plain, model = cartpole.load_model(), cartpole.load_model()
    gains.apply(model, cartpole.actuated)
    ours, theirs = World(cartpole, model=model), mujoco.MjData(plain)
    ours.reset(0)
    theirs.qpos[:], theirs.qvel[:] = ours.data.qpos, ours.data.qvel
    target, joints, limits = np.array([0.3, -0.4]), [0, 2], np.array([10.0, 2.0])
    kp, kd = (np.array(list(values.values())) for values in (stiffness, damping))
    saturated = 0
    for _ in range(10):
        for _ in range(cartpole.frame_skip):
            force = kp * (target - theirs.qpos[joints]) - kd * theirs.qvel[joints]
            saturated += (np.abs(force) > limits).sum()
            theirs.ctrl[:] = np.clip(force, -limits, limits) / limits
            mujoco.mj_step(plain, theirs)
        ours.step(target[::-1])
        np.testing.assert_allclose(ours.data.qpos, theirs.qpos, atol=1e-9)
    assert saturated > 0
    with pytest.raises(ValueError, match='stiffness: expected one for each of slider, wrist'):
        PositionGains({}, damping).apply(model, cartpole.actuated)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'joints': ('slider', 'hnge')}, 'joints: expected a hinge or slide named hnge in .*hinge'),
        ({'actuated': ('wrist', 'slider')}, 'actuated: expected .*wrist.*, found .*slider'),
        ({'step_ns': 2_000_000}, 'step_ns: expected 2000000 in .*found 5000000'),
        ({'base': 'torso'}, 'base: expected a body named torso in .*cart'),
        ({'model_file': 'none.xml'}, 'none.xml: no such file'),
    ],
    ids=['joint', 'actuator', 'step', 'base', 'file'],
)
def test_a_wrong_description_is_named(cartpole, change, said):
    values = {**vars(cartpole), **change}
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        World(SimulatedRobot(**values))


def test_a_broken_model_is_named(cartpole):
    file = cartpole.model_path()
    file.write_text(MODEL.replace('slide"', 'slyde"'))
    with pytest.raises(ValueError, match=f'^{file}: XML Error: .*line 6$'):
        cartpole.load_model()


def test_other_warnings_of_mujoco_are_kept(cartpole, monkeypatch):
    model = cartpole.load_model()

    def warning(path):
        data = mujoco.MjData(model)
        data.qpos[:] = np.nan
        mujoco.mj_step(model, data)
        return model

    before = mujoco.get_mju_user_warning()
    monkeypatch.setattr(mujoco.MjModel, 'from_xml_path', warning)
    with pytest.warns(UserWarning, match='cartpole.xml: .* in QPOS'):
        cartpole.load_model()
    assert mujoco.get_mju_user_warning() is before


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'robot': 'arm'}, 'robot arm is not simulated; those that are: cartpole, halfcheetah'),
        ({'rate': 100.0}, 'rate: expected 50, .*found 100'),
        ({'action': {**CONTRACT['action'], 'joints': ['wrist', 'hinge']}}, 'has no hinge'),
        ({'observation': [{**CONTRACT['observation'][0], 'topic': 'legs'}]}, 'has no legs'),
        ({'observation': [{**CONTRACT['observation'][0], 'joints': ['wrist', 'slider']}]},
         'has no wrist; it has the topics joint_states, the joints slider, hinge'),
        ({'observation': [{**row, 'joints': ['arm', 'slider']} for row in CONTRACT['observation']]},
         'has no arm; it has'),
    ],
    ids=['name', 'rate', 'action', 'topic', 'joint', 'twice'],
)  # fmt: skip
def test_another_contract_is_refused(cartpole, change, said):
    with pytest.raises(ValueError, match=said):
        robot_of(Contract.from_dict({**CONTRACT, **change}))
