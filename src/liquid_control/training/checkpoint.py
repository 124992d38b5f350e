"""Checkpoints of a training, each one safetensors file with tensors and JSON metadata."""

import contextlib
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from liquid_control.files import write_whole
from liquid_control.provenance import difference


def write(path: Path, tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
    """Write a checkpoint atomically; ``about`` must be plain JSON.

    Raises:
        OSError: the file cannot be written, e.g. the disk is full; a previous file is kept.
    """
    whole = {name: value.contiguous() for name, value in tensors.items()}
    content = safetensors.torch.save(whole, {'about': json.dumps(about)})
    try:
        write_whole(path, content)
    except OSError as error:
        raise OSError(f'{path}: not written, any previous file is kept: {error}') from error


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """The tensors and ``about`` of a checkpoint; None if there is no such file.

    Raises:
        ValueError: the file is broken.
        OSError: it cannot be read.
    """
    if not path.is_file():
        return None
    with path.open('rb'):
        pass  # safe_open does not tell a file that may not be read from a broken one
    try:
        with safe_open(path, framework='pt') as file:
            about = json.loads((file.metadata() or {})['about'])
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise broken(path, error) from None


def read_of(
    path: Path, origin: dict[str, Any]
) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """As :func:`read`, but check that the checkpoint was written with this ``origin``.

    Raises:
        ValueError: the file is broken or from another training; the first difference is named.
    """
    saved = read(path)
    if saved is not None and saved[1].get('origin') != origin:
        text = difference(saved[1].get('origin'), origin)
        raise ValueError(f'{path} is from another run ({text}): use another folder, or remove it')
    return saved


def broken(path: Path, error: Exception) -> ValueError:
    """The error to raise if a checkpoint does not hold what it should."""
    return ValueError(f'{path}: not a valid checkpoint of this run: {error}; remove it')


@contextlib.contextmanager
def restoring(path: Path) -> Generator[None]:
    """Raise :func:`broken` if a value to be restored from the file is missing or does not fit."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise broken(path, error) from None


def under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors whose names start with ``prefix.``, under their names without it."""
    start = prefix + '.'
    return {n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)}


def named(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors with ``prefix.`` prepended to their names."""
    return {f'{prefix}.{name}': value for name, value in tensors.items()}


def moments(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """An optimiser's state, by the number of the parameter and the name of the value."""
    return {
        f'{number}.{name}': torch.as_tensor(value)
        for number, state in optimizer.state_dict()['state'].items()
        for name, value in state.items()
    }


def load_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Restore what :func:`moments` returned."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split('.', 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), 'state': state})


def save(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, about: dict[str, Any]
) -> None:
    """Write the checkpoint of a model and its optimiser."""
    tensors = named('model', model.state_dict()) | named('optimizer', moments(optimizer))
    write(path, tensors, about)


def restore(
    path: Path,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    origin: dict[str, Any],
) -> dict[str, Any] | None:
    """Restore what :func:`save` wrote; returns ``about``, or None if there is no checkpoint.

    Args:
        path: checkpoint file.
        model: receives its state.
        optimizer: receives its state.
        origin: what identifies the training, plain JSON; must equal ``about['origin']``.

    Raises:
        ValueError: the file is broken or from another training; the first difference is named.
    """
    saved = read_of(path, origin)
    if saved is None:
        return None
    tensors, about = saved
    with restoring(path):
        model.load_state_dict(under('model', tensors))
        load_moments(optimizer, under('optimizer', tensors))
    return about
