"""Record messages as they arrive over the wire into a rosbag2 bag (MCAP)."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

_SAVE_S = 1.0


class Recorder:
    """A bag being written. Messages are stored as received, in CDR.

    Call :meth:`save` often: what it has written out survives the death of the process.

    Raises:
        OSError: the folder already exists, or cannot be written.
    """

    def __init__(self, folder: Path):
        if folder.exists():
            raise FileExistsError(f'{folder}: already exists; a recording is never overwritten')
        self._writer: Any = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._types = get_typestore(Stores.ROS2_KILTED)
        self._writer.open()
        self._open = True
        self.count = self._saved_count = 0
        self._saved = time.monotonic()

    def add(self, topic: str, type_name: str) -> Callable[[int, bytes], None]:
        """Add a topic; return a function that records a message: time of receipt in ns, bytes."""
        connection = self._writer.add_connection(topic, type_name, typestore=self._types)

        def record(received_ns: int, message: bytes) -> None:
            self._writer.write(connection, received_ns, message)
            self.count += 1

        return record

    def save(self) -> None:
        """Write out what has been recorded so far, at most once a second."""
        now = time.monotonic()
        if now - self._saved > _SAVE_S and self.count > self._saved_count:
            # The writer buffers up to a megabyte, which is seconds of a run.
            self._writer.storage.close_chunk()
            self._writer.storage.bio.flush()
            self._saved, self._saved_count = now, self.count

    def close(self) -> None:
        """Finish the bag, once; from then on it can be read as a whole."""
        if self._open:
            self._open = False
            self._writer.close()
