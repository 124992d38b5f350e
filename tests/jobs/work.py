"""Pieces of work for sweep tests, importable by worker processes."""

import os
import signal
import time
from pathlib import Path


def note(folder: str, name: str, gate: str = '') -> dict:
    """Record one more execution, once the file ``gate`` exists."""
    while gate and not Path(gate).exists():
        time.sleep(0.05)
    with (Path(folder) / f'{name}.did').open('a') as file:
        file.write('.')
    return {'square': len(name) ** 2}


def broken(folder: str) -> dict:
    note(folder, 'broken')
    raise ValueError('this bag is broken')


def dies(folder: str) -> dict:
    note(folder, 'dies')
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def where(folder: str, name: str, seconds: float) -> dict:
    """On a Ray node: record at the start the id of the node, then take ``seconds``."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    (Path(folder) / f'{name}.{node}').touch()
    time.sleep(seconds)
    return {'name': name}


def read(files: list[dict]) -> dict:
    """Path and content of each file."""
    return {'files': [[file['path'], Path(file['path']).read_text()] for file in files]}
