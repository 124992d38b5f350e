"""Replay memory of training chunks, held in memory and, for resumption, on disk."""

from pathlib import Path

import numpy as np

from liquid_control.training import checkpoint
from liquid_control.training.folder import CHUNK
from liquid_control.training.student.chunks import Chunk, joined


class ReplayMemory:
    """The newest chunks and some older ones, each under the number of its round.

    On disk each chunk is a separate file, written once and removed only when no checkpoint refers
    to it any more.

    Args:
        folder: folder for the files; created if it does not exist.
        size: chunks kept; when there are more, a random one of the older half is dropped.
    """

    def __init__(self, folder: Path, size: int):
        self._folder, self._size = folder, size
        self._chunks: dict[int, Chunk] = {}
        self._stored: set[int] = set()

    def __len__(self) -> int:
        return len(self._chunks)

    def add(self, number: int, chunk: Chunk, rng: np.random.Generator) -> None:
        self._chunks[number] = chunk
        if len(self._chunks) > self._size:
            del self._chunks[list(self._chunks)[rng.integers(max(1, self._size // 2))]]

    def draw(self, worlds: int, batch: int, rng: np.random.Generator, newest: bool) -> Chunk:
        """The sequences of ``batch`` worlds from two chunks, or from the newest alone."""
        numbers = list(self._chunks)
        picks = [len(numbers) - 1] if newest else rng.integers(len(numbers), size=2)
        size = min(worlds, max(1, batch // len(picks)))
        return joined(
            [
                self._chunks[numbers[pick]].of(rng.choice(worlds, size, replace=False))
                for pick in picks
            ]
        )

    def clear(self) -> None:
        """Forget all chunks; their files are removed by :meth:`sweep`."""
        self._chunks.clear()

    def store(self) -> list[int]:
        """Write the chunks that are not on disk yet; returns the numbers of all chunks."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number, chunk in self._chunks.items():
            if number not in self._stored:
                checkpoint.write(self._file(number), chunk.tensors(), {})
                self._stored.add(number)
        return list(self._chunks)

    def sweep(self) -> None:
        """Remove the files of chunks that are no longer in memory."""
        for path in self._folder.glob(f'{CHUNK}.safetensors*'):
            if int(path.name[:6]) not in self._chunks:
                path.unlink(missing_ok=True)
        self._stored &= set(self._chunks)

    def load(self, numbers: list[int]) -> None:
        """Load the chunks with these numbers.

        Raises:
            ValueError: a file is missing or broken.
        """
        for number in numbers:
            path = self._file(number)
            saved = checkpoint.read(path)
            if saved is None:
                raise ValueError(
                    f'{path}: no such file, and the checkpoint beside that folder needs it: '
                    'remove that checkpoint to start anew'
                )
            with checkpoint.restoring(path):
                self._chunks[number] = Chunk(**saved[0])
            self._stored.add(number)

    def _file(self, number: int) -> Path:
        return self._folder / f'{number:06d}.safetensors'
