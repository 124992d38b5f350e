"""Where a training stands, as one safetensors file: weights, Adam's moments, what was measured."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file


def save(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, about: dict[str, Any]
) -> None:
    """Write whole or not at all; ``about`` must be plain JSON."""
    tensors = {f'model.{name}': value.contiguous() for name, value in model.state_dict().items()}
    for number, state in optimizer.state_dict()['state'].items():
        for name, value in state.items():
            tensors[f'optimizer.{number}.{name}'] = torch.as_tensor(value).contiguous()
    partial = path.with_name(path.name + '.partial')
    save_file(tensors, partial, {'about': json.dumps(about)})
    partial.replace(path)


def restore(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Go on from a checkpoint: what was said ``about`` it; None where there is none.

    Raises:
        ValueError: the file is broken, or of another model.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework='pt') as file:
            about = json.loads((file.metadata() or {})['about'])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        weights = {n.removeprefix('model.'): v for n, v in tensors.items() if n[0] == 'm'}
        model.load_state_dict(weights)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith('optimizer.'):
                _, number, kind = name.split('.', 2)
                moments.setdefault(int(number), {})[kind] = value
        whole = optimizer.state_dict()
        optimizer.load_state_dict({**whole, 'state': moments})
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ValueError(f'{path}: no checkpoint of this run: {error}; remove it') from None
    return about
