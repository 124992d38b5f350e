"""Record the sample bags that ship: Walker2d as it should walk, and with an actuator that fails.

``python -m liquid_control.evaluation.sample_bag FOLDER`` writes ``good`` and ``worn`` there. In
``worn``, the left knee gives only a part of the torque that it is told from :data:`WORN_FROM_S` on;
the recorded commands are those that the policy sent. Two runs give equal bags.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from liquid_control import paths
from liquid_control.bags.empty import empty_message
from liquid_control.control.commands import command_codec
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.observe import Observer
from liquid_control.control.runtime import PolicyRunner
from liquid_control.sim import simulated_robot
from liquid_control.sim.messages import JointState
from liquid_control.sim.world import World

POLICY, SECONDS = 'cfc', 8.0
WORN_JOINT, WORN_FROM_S, WORN_SHARE = 'leg_left_joint', 4.0, 0.2
_STORE = get_typestore(Stores.ROS2_KILTED)
_RECEIVED_NS = 1_700_000_000_000_000_000
_LATER_NS = 1_000_000


class _Recorder:
    """Writes what a robot's own recorder would have heard."""

    def __init__(self, path: Path):
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self._connections = {}

    def add(self, topic: str, kind: str, message: object, stamp_ns: int) -> None:
        if topic not in self._connections:
            connection = self._writer.add_connection(topic, kind, typestore=_STORE)
            self._connections[topic] = connection
        data = _STORE.serialize_cdr(message, kind)
        self._writer.write(self._connections[topic], _RECEIVED_NS + stamp_ns, data)

    def close(self) -> None:
        self._writer.close()


def record(folder: Path, seed: int, worn: bool) -> int:
    """Record one walk; return how many periods it lasted.

    Args:
        folder: the bag to create.
        seed: seed of the start.
        worn: whether the actuator fails.
    """
    robot = Contract.load(paths.robot('walker2d'))
    controller = Controller(PolicyRunner(paths.policy(POLICY, 'walker2d')), robot)
    observer = Observer(controller.runner.contract)
    codec = command_codec(robot)
    command = codec.empty(lambda kind: partial(empty_message, _STORE, kind))
    world, recorder = World(simulated_robot('walker2d')), _Recorder(folder)
    world.reset(seed)
    joint = robot.action.joints.index(WORN_JOINT)
    started, over, steps = world.stamp_ns, False, 0
    while not over and steps < SECONDS * robot.rate:
        stamp = world.stamp_ns
        sensed = world.messages()['joint_states']
        recorder.add('/joint_states', robot.topics['joint_states'], _joint_state(sensed), stamp)
        observation = observer.update('joint_states', sensed)
        if observation is None:
            raise ValueError(f'{robot.robot}: joint_states alone give no observation')
        sent = controller.step(stamp, observation[1]).action
        codec.fill(command, stamp, sent)
        recorder.add('/commands', robot.action.type, command, stamp + _LATER_NS)
        torque = np.array(sent)
        if worn and stamp - started >= WORN_FROM_S * 1e9:
            torque[joint] *= WORN_SHARE
        _, over = world.step(torque)
        steps += 1
    recorder.close()
    return steps


def _joint_state(sensed: JointState) -> object:
    types = _STORE.types
    stamp = types['builtin_interfaces/msg/Time'](
        sec=sensed.header.stamp.sec, nanosec=sensed.header.stamp.nanosec
    )
    return types['sensor_msgs/msg/JointState'](
        header=types['std_msgs/msg/Header'](stamp=stamp, frame_id=''),
        name=sensed.name,
        position=sensed.position,
        velocity=sensed.velocity,
        effort=np.zeros(0),
    )


def main() -> int:
    if len(sys.argv) != 2:
        print('usage: python -m liquid_control.evaluation.sample_bag FOLDER', file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    for name, seed, worn in (('good', 0, False), ('worn', 1, True)):
        steps = record(folder / name, seed, worn)
        print(f'{folder / name}: {steps} periods')
    return 0


if __name__ == '__main__':
    sys.exit(main())
