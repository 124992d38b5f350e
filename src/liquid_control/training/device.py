"""The device on which a network is trained: the processor, or a CUDA GPU."""

import time

import torch


def chosen(name: str) -> torch.device:
    """The device of that name, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        ValueError: another name, or a GPU that this machine or this build of torch does not have.
    """
    kind, _, number = name.partition(':')
    if kind not in ('cpu', 'cuda') or (number and not number.isdecimal()) or name.endswith(':'):
        raise ValueError(f'device: expected cpu, cuda or cuda:N, found {name!r}')
    count = torch.cuda.device_count() if kind == 'cuda' else 1
    if int(number or 0) >= count:
        raise ValueError(f'device {name}: torch {torch.__version__} finds {_devices(kind, count)}')
    return torch.device(name)


def _devices(kind: str, count: int) -> str:
    if kind == 'cpu':
        return 'one CPU'
    return f'{count} CUDA devices' if count != 1 else 'one CUDA device, cuda:0'


def device_of(model: torch.nn.Module) -> torch.device:
    """The device of a model's parameters."""
    return next(model.parameters()).device


def title(device: torch.device) -> str:
    """``cpu``, or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type


def settle(device: torch.device) -> None:
    """Wait until a GPU has done all its work; a CPU always has."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def busy_time(device: torch.device) -> float:
    """A clock for a training's own work, in seconds.

    Processor time of this process on a CPU, whatever else the machine does; wall time on a GPU.
    """
    if device.type == 'cpu':
        return time.process_time()
    settle(device)
    return time.perf_counter()


def peak_allocated_mb(device: torch.device) -> float:
    """Peak memory of this process's tensors on a GPU so far, in MiB."""
    return torch.cuda.max_memory_allocated(device) / 2**20
