"""The device on which a network is trained, the processor or a CUDA GPU, and its memory."""

import re
import resource
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch


class Hardware(NamedTuple):
    """What a training may use of a machine; its numbers do not depend on it but for rounding.

    Attributes:
        device: name of the device of gradient steps, see :func:`device_named`.
        threads: threads that step the physics.
    """

    device: str = 'cpu'
    threads: int = 1


def device_named(name: str) -> torch.device:
    """The device of that name, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        ValueError: another name, or a GPU that this machine or this build of torch does not have.
    """
    match = re.fullmatch(r'cpu|cuda(?::(0|[1-9][0-9]*))?', name)
    if not match:
        raise ValueError(f'device: expected cpu, cuda or cuda:N, found {name!r}')
    if name == 'cpu':
        return torch.device(name)
    number = int(match[1] or 0)
    if number >= torch.cuda.device_count():
        raise ValueError(
            f'device {name}: torch {torch.__version__} finds {torch.cuda.device_count()} CUDA '
            'devices'
        )
    return torch.device('cuda', number)


def use(device: torch.device) -> None:
    """Make a GPU the current one, with products in single precision, as on a CPU."""
    if device.type == 'cuda':
        torch.cuda.set_device(device)
        torch.backends.cudnn.allow_tf32 = False


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


def saved_bytes(loss: Callable[[], torch.Tensor], model: torch.nn.Module) -> int:
    """Bytes that the graph of one loss saves for its backward pass, without parameters and buffers.

    Storages saved by several operations count once.
    """
    own = {value.untyped_storage().data_ptr() for value in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}
    alive = []  # keeps the storages, so that no address is reused

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(storage)
        return tensor.detach()  # the tensor itself would keep the graph alive for ever

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss()
    return sum(kept.values())


def peak_resident_mb() -> float:
    """Peak resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == 'darwin' else 2**10)
