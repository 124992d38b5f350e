"""Files are written atomically: complete, or unchanged."""

import os

import pytest

from liquid_control.files import replacing, write_whole


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
    with pytest.raises(OSError, match=f'No space left .*{path}'):
        write_whole(path, 'after')
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stands_when_the_writer_is_interrupted(tmp_path):
    path = tmp_path / 'file'
    write_whole(path, 'before')

    def interrupted():
        with replacing(path) as partial:
            partial.write_text('half')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == 'before'
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / 'target', tmp_path / 'link'
    target.write_text('before')
    link.symlink_to(target)
    write_whole(link, 'after')
    assert link.is_symlink()
    assert target.read_text() == 'after'


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, 'through')
        assert os.read(reader, 100) == b'through'
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_errors_name_the_file_that_was_asked_for(tmp_path):
    missing = tmp_path / 'nowhere' / 'file'
    with pytest.raises(FileNotFoundError, match=f"'{missing}'"):
        write_whole(missing, 'x')
    (tmp_path / 'folder').mkdir()
    with pytest.raises(IsADirectoryError, match=f"'{tmp_path}/folder'"):
        write_whole(tmp_path / 'folder', 'x')
    assert [path.name for path in tmp_path.iterdir()] == ['folder']
