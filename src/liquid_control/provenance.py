"""Where a figure comes from: machine, versions, command. Every artefact records it."""

import datetime
import json
import math
import os
import platform
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from liquid_control.files import write_whole

_PACKAGES = (
    'liquid_control', 'numpy', 'onnxruntime', 'onnx', 'mujoco', 'gymnasium', 'ros-rclpy',
    'rosbags', 'torch', 'ncps', 'stable-baselines3',
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of Python, this package and the installed ones among those that matter to it."""
    found = {'python': platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """This machine: processor, usable cores, memory, system."""
    return {
        'processor': _first('/proc/cpuinfo', 'model name') or platform.processor(),
        'cores': len(os.sched_getaffinity(0)),
        'memory_gb': round(int((_first('/proc/meminfo', 'MemTotal') or '0').split()[0]) / 2**20, 1),
        'system': f'{platform.system()} {platform.release()} {platform.machine()}',
    }


def command() -> str:
    """The command line of this process, with absolute paths reduced to file names.

    Shared artefacts must not reveal the folders of the machine that made them; the files are
    identified by their hashes.
    """
    name = Path(sys.argv[0]).name
    if name == '__main__.py':  # python -m liquid_control
        name = 'liquid-control'
    return shlex.join([name, *map(_without_folders, sys.argv[1:])])


def _without_folders(argument: str) -> str:
    option, equals, value = argument.partition('=')
    if equals and option.startswith('--'):
        return f'{option}={_without_folders(value)}'
    if equals:  # topic=recorded
        return argument
    return Path(argument).name if Path(argument).is_absolute() else argument


def provenance(**more: Any) -> dict[str, Any]:
    """Command, date, machine and versions, plus whatever else is given (seed, hashes)."""
    return {
        'command': command(),
        'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
        'machine': machine(),
        'versions': versions(),
        **more,
    }


def continued(
    history: list[dict[str, Any]], done: int, device: str = 'cpu'
) -> list[dict[str, Any]]:
    """Where a training ran so far, if it goes on here.

    Args:
        history: the steps after which it went on elsewhere or with other versions, each with what
            they were: ``from``, ``processor``, ``versions``, and ``gpu`` if one was used.
        done: steps done.
        device: ``cpu``, or the name of the GPU.
    """
    part = {'from': done, 'processor': machine()['processor'], 'versions': versions()}
    if device != 'cpu':
        part['gpu'] = device
    if history and {**history[-1], 'from': done} == part:
        return history
    return [*history, part]


def write_json(path: str | Path, data: Any) -> None:
    """Write JSON whole or not at all; NaN and infinities become null."""
    write_whole(path, json.dumps(_plain(data), indent=2, allow_nan=False) + '\n')


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, 'tolist'):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def _first(path: str, key: str) -> str | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(':', 1)[1].strip() for line in lines if line.startswith(key)), None)


def difference(found: Any, wanted: Any, where: str = '') -> str:
    """Describe the first value in which two mappings differ."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return f'{where} {found}, now {wanted}'
    key = next(k for k in {**wanted, **found} if found.get(k) != wanted.get(k))
    return difference(found.get(key), wanted.get(key), f'{where}.{key}'.lstrip('.'))
