"""Files are written atomically: complete, or unchanged."""

import os

import pytest

from liquid_control.files import write_whole


def test_text_and_bytes_replace_what_was_there(tmp_path):
    path = tmp_path / 'file'
    write_whole(path, 'σ\n')
    assert path.read_bytes() == 'σ\n'.encode()
    write_whole(path, b'\x00')
    assert path.read_bytes() == b'\x00'
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stands_when_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / 'file'
    write_whole(path, 'before')

    def full(_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space left'):
        write_whole(path, 'after')
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]
