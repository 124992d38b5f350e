"""Arrays of work under way, kept in one file of a study's folder."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.files import write_whole
from liquid_control.provenance import difference

_ORIGIN = 'origin'


def write(path: Path, arrays: dict[str, np.ndarray], origin: dict[str, Any]) -> None:
    """Write arrays atomically, with what they come from as plain JSON."""
    content = io.BytesIO()
    everything: dict[str, Any] = {**arrays, _ORIGIN: np.array(json.dumps(origin))}
    np.savez(content, **everything)
    write_whole(path, content.getvalue())


def read(path: Path, origin: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """Read what :func:`write` wrote; None if there is no such file.

    Raises:
        ValueError: the file is broken, or has another origin; the first difference is named.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        own = json.loads(str(arrays.pop(_ORIGIN)))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path}: not valid simulated rollouts: {error}; remove it') from None
    if own != origin:
        text = difference(own, origin)
        raise ValueError(f'{path} is from another run ({text}): use another --out')
    return arrays
