"""Records messages as they come over the wire into a rosbag2 bag (MCAP)."""

import time
from pathlib import Path

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore


class Recorder:
    """A bag that is being written. Messages are stored as received, in CDR.

    Raises:
        OSError: the folder exists already, or cannot be written.
    """

    def __init__(self, folder: Path):
        if folder.exists():
            raise FileExistsError(f'{folder}: exists already; a recording is never overwritten')
        self._writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._types = get_typestore(Stores.ROS2_KILTED)
        self._writer.open()
        self.count = 0

    def add(self, topic: str, type_name: str):
        """Add a topic; returns the function that records one of its messages, given as bytes."""
        connection = self._writer.add_connection(topic, type_name, typestore=self._types)

        def record(message: bytes) -> None:
            self._writer.write(connection, time.time_ns(), message)
            self.count += 1

        return record

    def close(self) -> None:
        """Finish the bag: what was recorded can be read from now on."""
        self._writer.close()
