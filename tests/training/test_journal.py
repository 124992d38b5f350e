"""Logs: a resumed training goes on with its own, and a full disk does not take it."""

import errno
import json
import sys
from types import SimpleNamespace

import pytest

from liquid_control.training.journal import Journal


def steps(folder):
    return [json.loads(line)['step'] for line in (folder / 'scalars.jsonl').open()]


def write(folder, first, last):
    with Journal(folder, first) as journal:
        for step in range(first + 1, last + 1):
            journal.add(step, {'loss': 1.0 / step})


def test_later_entries_are_replaced(tmp_path):
    write(tmp_path, 0, 5)
    write(tmp_path, 3, 6)
    assert steps(tmp_path) == [1, 2, 3, 4, 5, 6]
    write(tmp_path, 0, 2)
    assert steps(tmp_path) == [1, 2]


def test_the_log_of_another_training_is_refused(tmp_path):
    for seed in (0, 0):
        with Journal(tmp_path, 0, {'seed': seed}) as journal:
            journal.add(1, {'loss': 1.0})
    with pytest.raises(ValueError, match=r'log of another training \(seed 0, now 1\)'):
        Journal(tmp_path, 0, {'seed': 1})
    assert steps(tmp_path) == [1]


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    write(tmp_path, 0, 5)
    before = (tmp_path / 'scalars.jsonl').read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('liquid_control.files.os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        Journal(tmp_path, 2)
    assert (tmp_path / 'scalars.jsonl').read_bytes() == before


@pytest.mark.parametrize('done', [0, 7])
def test_tensorboard_drops_later_entries(tmp_path, monkeypatch, done):
    opened = []
    writer = SimpleNamespace(close=lambda: None)
    stub = SimpleNamespace(SummaryWriter=lambda *given, **more: opened.append(more) or writer)
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', stub)
    with Journal(tmp_path, done):
        pass
    assert opened == [{'purge_step': done + 1}]
