"""Bring the small files of a piece to a machine that does not have them."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liquid_control.files import write_whole


def with_files(arguments: Any, contents: Mapping[str, bytes]) -> Any:
    """The same arguments, with each path of a file replaced by that of a copy on this machine.

    A file that is there with the same content is used as it is.

    Args:
        arguments: plain JSON.
        contents: path, as it stands in the arguments → content.

    Raises:
        OSError: a copy cannot be written.
    """
    return _replaced(arguments, {name: _here(name, data) for name, data in contents.items()})


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def _here(name: str, content: bytes) -> str:
    """Path of a file of this name and content on this machine."""
    if _holds(Path(name), content):
        return name
    home = Path(tempfile.gettempdir()) / f'liquid-control-{os.getuid()}'
    copy = home / hashlib.sha256(content).hexdigest() / Path(name).name
    if not _holds(copy, content):
        home.mkdir(mode=0o700, exist_ok=True)
        copy.parent.mkdir(exist_ok=True)
        write_whole(copy, content)
    return str(copy)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
