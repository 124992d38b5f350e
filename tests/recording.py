"""Untrained bundles, and run folders as the nodes leave them, written without ROS."""

import copy
import itertools
from pathlib import Path

import numpy as np
import support
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from liquid_control import provenance
from liquid_control.control import Bundle
from liquid_control.control.stamps import stamp_ns
from liquid_control.evaluation.runs import about_run
from liquid_control.faults import FaultInjector, parse
from liquid_control.sim import robot_of
from liquid_control.sim.world import World

STORE = get_typestore(Stores.ROS2_KILTED)
ROW = (
    'episode', 'seed', 'step', 'reward', 'return', 'terminated', 'truncated', 'done',
    'command_latency', 'late',
)  # fmt: skip


def make_bundle(path: Path, contract, seed: int) -> Path:
    """An untrained policy that stands for a while and predicts small changes."""

    def gentle(weights):
        weights['A'] *= 0.1
        weights['P'] = np.eye(*weights['P'].shape) + 0.01 * weights['P']

    return support.make_bundle(path, contract, seed, gentle)


class Recorder:
    """Writes messages as the monitor node does, with made-up receive times 1 ms apart."""

    def __init__(self, path: Path):
        self.writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self.writer.open()
        self._connections = {}
        self._clock = itertools.count(1_700_000_000_000_000_000, 1_000_000)

    def write(self, topic: str, kind: str, message) -> None:
        if topic not in self._connections:
            self._connections[topic] = self.writer.add_connection(topic, kind, typestore=STORE)
        data = STORE.serialize_cdr(message, kind)
        self.writer.write(self._connections[topic], next(self._clock), data)

    def close(self) -> None:
        self.writer.close()


def ros(kind: str, **fields):
    return STORE.types[kind](**fields)


def header(stamp_ns: int, frame_id: str = ''):
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    stamp = ros('builtin_interfaces/msg/Time', sec=sec, nanosec=nanosec)
    return ros('std_msgs/msg/Header', stamp=stamp, frame_id=frame_id)


def joint_state(stamp_ns: int, name, position, velocity=()):
    return ros(
        'sensor_msgs/msg/JointState',
        header=header(stamp_ns),
        name=list(name),
        position=np.array(position, dtype=np.float64),
        velocity=np.array(velocity, dtype=np.float64),
        effort=np.zeros(0),
    )


def imu(stamp_ns: int, sensed):
    def vector(v):
        return ros('geometry_msgs/msg/Vector3', x=v.x, y=v.y, z=v.z)

    q = sensed.orientation
    return ros(
        'sensor_msgs/msg/Imu',
        header=header(stamp_ns),
        orientation=ros('geometry_msgs/msg/Quaternion', x=q.x, y=q.y, z=q.z, w=q.w),
        orientation_covariance=np.zeros(9),
        angular_velocity=vector(sensed.angular_velocity),
        angular_velocity_covariance=np.zeros(9),
        linear_acceleration=vector(sensed.linear_acceleration),
        linear_acceleration_covariance=np.zeros(9),
    )


def command(stamp_ns: int, action):
    size = len(action)
    dim = ros('std_msgs/msg/MultiArrayDimension', label=str(stamp_ns), size=size, stride=size)
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[dim], data_offset=0)
    data = np.array(action, dtype=np.float64)
    return ros('std_msgs/msg/Float64MultiArray', layout=layout, data=data)


def status(stamp_ns: int, **values):
    pairs = [ros('diagnostic_msgs/msg/KeyValue', key=k, value=str(v)) for k, v in values.items()]
    one = ros(
        'diagnostic_msgs/msg/DiagnosticStatus',
        level=0,
        name='/policy: policy',
        message='running',
        hardware_id='walker2d',
        values=pairs,
    )
    return ros('diagnostic_msgs/msg/DiagnosticArray', header=header(stamp_ns), status=[one])


def record_run(
    folder: Path, robot, bundle: Path, fault: str, seed: int, episodes, steps, mode='lockstep'
) -> None:
    """Write the run folder that these walks would have left if run over ROS."""
    recorder = Recorder(folder / 'bag')
    world = World(robot_of(robot), robot)
    injector = FaultInjector(robot, parse(fault), seed)
    contract = Bundle.read(bundle).contract
    for index, episode in enumerate(episodes):
        world.reset(episode.seed)
        rows = {int(s): i for i, s in enumerate(episode.trace.stamps)}
        held, total, over = np.array(robot.action.safe, dtype=np.float32), 0.0, False
        while not over:
            stamp = _record_sensors(recorder, world, injector)
            if stamp in rows:
                row = rows[stamp]
                held = episode.trace.actions[row]
                predicted = episode.trace.predictions[row]
                recorder.write('/commands', 'std_msgs/msg/Float64MultiArray', command(stamp, held))
                expected = joint_state(
                    stamp + contract.period_ns, contract.sensed_channels, predicted
                )
                recorder.write('/policy/prediction', 'sensor_msgs/msg/JointState', expected)
            reward, terminated = world.step(held)
            total += reward
            over = terminated or world.steps == steps
            latency = 1e-3 * (1 + world.steps / 100) if stamp in rows else np.nan
            values = (index, episode.seed, world.steps, reward, total, terminated,
                      over and not terminated, over and index + 1 == len(episodes), latency,
                      world.steps == 7)  # fmt: skip
            line = joint_state(world.stamp_ns, ROW, [float(v) for v in values])
            recorder.write('/sim/episode', 'sensor_msgs/msg/JointState', line)
    answered = sum(len(e.trace) for e in episodes)
    last = status(
        world.stamp_ns, bundle_sha256=Bundle.read(bundle).sha256, parameters=123, active=True,
        steps=answered, step_p50_us='20.50', step_p99_us='41.00', resident_mb='80.5', limited=4,
        resets=3,
    )  # fmt: skip
    recorder.write('/policy/status', 'diagnostic_msgs/msg/DiagnosticArray', last)
    recorder.close()
    faulty = 'faulty/joint_states' if fault != 'none' else 'joint_states'
    run = about_run(
        robot, Bundle.read(bundle), mode=mode, fault=fault, seed=seed,
        episodes=len(episodes), observed={'joint_states': faulty},
        provenance=provenance.provenance(),
    )  # fmt: skip
    provenance.write_json(folder / 'run.json', {**run, 'ended': 'done'})


def _record_sensors(recorder: Recorder, world: World, injector: FaultInjector) -> int:
    """Write what the sensors send; return the stamp with which the joints' readings arrive."""
    messages = world.messages()
    stamp = world.stamp_ns
    recorder.write('/imu/data', 'sensor_msgs/msg/Imu', imu(stamp, messages['imu/data']))
    sensed = messages['joint_states']
    true = joint_state(stamp, sensed.name, sensed.position, sensed.velocity)
    recorder.write('/joint_states', 'sensor_msgs/msg/JointState', true)
    faulty = copy.deepcopy(sensed)
    if injector.apply('joint_states', faulty):
        stamp = stamp_ns(faulty)
        message = joint_state(stamp, faulty.name, faulty.position, faulty.velocity)
        recorder.write('/faulty/joint_states', 'sensor_msgs/msg/JointState', message)
    else:
        recorder.write('/fault/dropped', 'std_msgs/msg/Header', header(stamp, 'joint_states'))
    return stamp
