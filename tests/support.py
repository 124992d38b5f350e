"""Shared test helpers: contracts, untrained bundles, messages of several kinds."""

import array
import fcntl
import functools
import importlib.util
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from liquid_control import paths
from liquid_control.control import Bundle, Contract
from liquid_control.control.topics import JOINT_STATE
from liquid_control.nodes.graph import end_with_parent

ROBOT = Contract.load(paths.robot('walker2d'))
STUDENT = ROBOT.asking('joint_position', 'previous_action')


def needs_training() -> list[str]:
    """For ``collect_ignore_glob``: skips tests if the [train] extra is not installed."""
    needed = ('torch', 'stable_baselines3')
    return [] if all(map(importlib.util.find_spec, needed)) else ['test_*.py']


@pytest.fixture(autouse=True)
def one_thread():
    """One torch thread, as in the verbs and as needed for bit-identical results."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def interruptible() -> None:
    """For ``preexec_fn``: lets SIGINT and SIGHUP end the child, as at a terminal.

    A shell that runs the tests in the background, or nohup, makes its children ignore them.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    end_with_parent()  # nothing outlives tests that are killed


@functools.cache
def ros_domain() -> int:
    """A ROS domain that no other test process on this machine uses, held until this one ends."""
    for domain in range(60, 100):
        lock = Path(tempfile.gettempdir()) / f'liquid-control-tests-{os.getuid()}-{domain}'
        held = os.open(lock, os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
        else:
            return domain
    raise RuntimeError('all ROS domains from 60 to 99 are in use by other tests')


def arm(**changes) -> dict:
    """Contract of a robot with two joints and an IMU, as a YAML file would give it."""
    data = {
        'format': 1,
        'robot': 'arm',
        'rate': 100.0,
        'freshness': 0.05,
        'max_gap': 0.2,
        'observation': [
            {
                'name': 'angle',
                'topic': 'joint_states',
                'type': 'sensor_msgs/msg/JointState',
                'field': 'position',
                'joints': ['hip', 'knee'],
                'unit': 'rad',
                'std': [0.5, 2.0],
            },
            {
                'name': 'rate',
                'topic': 'imu/data',
                'type': 'sensor_msgs/msg/Imu',
                'field': 'angular_velocity',
                'components': ['x', 'z'],
                'unit': 'rad/s',
                'clip': [-4.0, 4.0],
                'std': 1.0,
            },
        ],
        'action': {
            'topic': 'commands',
            'type': 'std_msgs/msg/Float64MultiArray',
            'joints': ['hip', 'knee'],
            'unit': 'N m',
            'lower': [-1.0, -2.0],
            'upper': [1.0, 2.0],
            'safe': [0.0, 0.5],
            'slew': [10.0, 20.0],
        },
    }
    return {**data, **changes}


def step_graph(contract: Contract, seed: int = 0, size: int = 5, edit=None) -> bytes:
    """h' = tanh([observation, elapsed, h] W); action = h' A; prediction = observation P.

    ``edit`` may change the weights, a dict of arrays, before the graph is made.
    """
    rng = np.random.default_rng(seed)
    n, m, p = contract.observation_size, contract.action_size, contract.sensed_size
    weights = {
        'W': rng.normal(0, 0.5, (n + 1 + size, size)),
        'A': rng.normal(0, 1.0, (size, m)),
        'P': rng.normal(0, 0.5, (n, p)),
    }
    if edit:
        edit(weights)
    size, m, p = weights['W'].shape[1], weights['A'].shape[1], weights['P'].shape[1]
    nodes = [
        helper.make_node('Concat', ['observation', 'elapsed', 'state'], ['x'], axis=1),
        helper.make_node('MatMul', ['x', 'W'], ['z']),
        helper.make_node('Tanh', ['z'], ['next_state']),
        helper.make_node('MatMul', ['next_state', 'A'], ['action']),
        helper.make_node('MatMul', ['observation', 'P'], ['prediction']),
    ]

    def values(**sizes):
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ['B', width])
            for name, width in sizes.items()
        ]

    graph = helper.make_graph(
        nodes,
        'untrained',
        values(observation=n, elapsed=1, state=size),
        values(action=m, prediction=p, next_state=size),
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()],
    )
    opset = [helper.make_opsetid('', 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def describe(contract: Contract) -> Bundle:
    """The metadata of a bundle."""
    return Bundle(
        cell='untrained',
        settings={'size': 5},
        contract=contract,
        provenance={'seed': 0},
        scores={},
        counts={'parameters': 100, 'state': 5},
    )


def make_bundle(path: Path, contract: Contract, seed: int = 0, edit=None) -> Path:
    """Write an untrained recurrent policy."""
    describe(contract).write(path, step_graph(contract, seed, edit=edit))
    return path


def edit_graph(content: bytes, change) -> bytes:
    """An ONNX model after ``change(model)``."""
    model = onnx.load_from_string(content)
    change(model)
    return model.SerializeToString()


KINDS = {
    'rclpy': lambda values: array.array('d', values),
    'rosbags': lambda values: _frozen(np.array(values, dtype=np.float64)),
    'own': lambda values: np.array(values, dtype=np.float64),
}
"""How messages store lists of numbers: ``array.array``, read-only NumPy arrays, NumPy arrays."""


def _frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def header(stamp_ns: int) -> SimpleNamespace:
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    return SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=nanosec))


def joints(stamp_ns: int, kind: str = 'own', **position: float) -> SimpleNamespace:
    """A joint state with the given joints, in the given order."""
    values = list(position.values())
    return SimpleNamespace(
        header=header(stamp_ns), name=list(position), position=KINDS[kind](values)
    )


def imu(stamp_ns: int, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> SimpleNamespace:
    return SimpleNamespace(header=header(stamp_ns), angular_velocity=SimpleNamespace(x=x, y=y, z=z))


def commanded_by(kind, policy, folder, robot='walker2d'):
    """A robot and a policy whose commands are of another type; paths of contract and bundle."""
    data = yaml.safe_load(paths.robot(robot).read_text())
    data['action'].update(type=kind, **({'field': 'effort'} if kind == JOINT_STATE else {}))
    contract = folder / f'{robot}.yaml'
    contract.write_text(yaml.safe_dump(data))
    bundle = Bundle.read(paths.policy(policy, robot))
    asked = replace(bundle.contract, action=Contract.load(contract).action)
    other = replace(bundle, contract=asked)
    return contract, other.write(folder / f'{policy}.onnx', bundle.graph).path
