"""Small bags, each with one defect that real bags have."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
from recording import STORE, header, ros
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from liquid_control.bags.bag import Bag
from liquid_control.bags.coverage import coverage
from liquid_control.bags.merging import sensed
from liquid_control.control import Contract, Observer

NAMES = ('hip', 'knee', 'toe')
PERIOD_NS, START_NS, COUNT = 2_000_000, 1_700_000_000_000_000_000, 150
JOINT_STATE = 'sensor_msgs/msg/JointState'
COMMAND = 'std_msgs/msg/Float64MultiArray'
DATA = {'format': 1, 'robot': 'leg', 'rate': 500.0, 'freshness': 0.05, 'max_gap': 0.5}
ACTION = {
    'topic': 'commands', 'type': 'std_msgs/msg/Float64MultiArray', 'joints': list(NAMES),
    'unit': 'rad', 'lower': -3.0, 'upper': 3.0, 'safe': 0.0,
}  # fmt: skip


def term(name='position', topic='joint_states', kind=JOINT_STATE, **more) -> dict:
    channels = {} if 'components' in more else {'joints': list(NAMES)}
    return {'name': f'{topic}_{name}', 'topic': topic, 'type': kind, 'field': name, 'unit': 'rad',
            **channels, **more}  # fmt: skip


def leg(*terms: dict) -> dict:
    """A contract of a leg with three joints."""
    return {**DATA, 'observation': list(terms) or [term()], 'action': ACTION}


def angles(step: int) -> np.ndarray:
    return np.sin(0.05 * step + np.arange(len(NAMES)))


def state(step: int, stamp: int | None = None, **changes):
    """The JointState of a step, with ``changes`` that make it odd."""
    fields = {
        'header': header(START_NS + step * PERIOD_NS if stamp is None else stamp),
        'name': list(NAMES),
        'position': angles(step),
        'velocity': 0.1 * angles(step),
        'effort': 2.0 * angles(step),
    }
    fields.update(changes)
    fields = {k: np.asarray(v, dtype=np.float64) if k in ('position', 'velocity', 'effort') else v
              for k, v in fields.items()}  # fmt: skip
    return ros(JOINT_STATE, **fields)


class Odd:
    """A bag written message by message, with arbitrary receive stamps."""

    def __init__(self, path: Path, storage=StoragePlugin.MCAP, mode=None, store=STORE):
        self.path, self._store = path, store
        self.writer = Writer(path, version=9, storage_plugin=storage)
        if mode is not None:
            self.writer.set_compression(mode, CompressionFormat.ZSTD)
        self.writer.open()
        self._connections = {}

    def raw(self, topic: str, kind: str, data: bytes, received: int) -> None:
        key = topic, kind
        if key not in self._connections:
            connection = self.writer.add_connection(topic, kind, typestore=self._store)
            self._connections[key] = connection
        self.writer.write(self._connections[key], received, data)

    def add(self, message, received: int, topic='/joint_states', kind=JOINT_STATE) -> None:
        self.raw(topic, kind, bytes(self._store.serialize_cdr(message, kind)), received)

    def close(self) -> Path:
        self.writer.close()
        return self.path


def states(
    path: Path,
    make: Callable = state,
    received: Callable[[int], int] = lambda step: START_NS + step * PERIOD_NS + 100_000,
    count: int = COUNT,
    **options,
) -> Path:
    """A bag of JointStates ``make(step)``, received at ``received(step)``."""
    odd = Odd(path, **options)
    for step in range(count):
        odd.add(make(step), received(step))
    return odd.close()


def sqlite(path: Path, **options) -> Path:
    return states(path, storage=StoragePlugin.SQLITE3, **options)


def compressed(path: Path, storage, mode: str, count: int = COUNT) -> Path:
    return states(path, storage=storage, mode=CompressionMode[mode], count=count)


def storage_file(bag: Path) -> Path:
    (found,) = (p for p in bag.iterdir() if p.name != 'metadata.yaml')
    return found


def metadata(bag: Path, old: str, new: str) -> Path:
    """Edit the text of a bag's metadata."""
    path = bag / 'metadata.yaml'
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return bag


def without_definitions(bag: Path) -> Path:
    """Remove the message definitions from a SQLite bag, as bags before Iron have none."""
    with sqlite3.connect(storage_file(bag)) as connection:
        connection.execute('DELETE FROM message_definitions')
    connection.close()
    return bag


def unfinished_log(path: Path, target: Path) -> Path:
    """A SQLite bag as left by a killed recorder, with half of its messages still in the WAL."""
    bag = sqlite(path)
    file = storage_file(bag)
    connection = sqlite3.connect(file)
    connection.execute('PRAGMA journal_mode=WAL')
    rows = connection.execute('SELECT topic_id, timestamp, data FROM messages').fetchall()
    connection.execute('PRAGMA wal_autocheckpoint=0')
    insert = 'INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)'
    connection.executemany(insert, rows)
    connection.commit()
    target.mkdir()
    for one in path.iterdir():
        if not one.name.endswith('-shm'):
            shutil.copy(one, target / one.name)
    connection.close()
    return target


def observe(bag, *terms, observed=None):
    """(stamps, observations) that a contract with these terms reads from a bag."""
    contract = Contract.from_dict(leg(*terms))
    observer = Observer(contract)
    found = [observer.update(*item) for item in sensed(bag, contract, observed or {})]
    found = [item for item in found if item is not None]
    return [stamp for stamp, _ in found], np.array([values for _, values in found])


def said(path, topic='joint_states'):
    """The oddities that coverage reports for a topic, as one text."""
    return '\n'.join(coverage(Bag(path))['topics'][topic]['oddities'])


def good(step=0):
    return np.array([angles(s) for s in range(step, COUNT)], dtype=np.float32)
