"""Memory of a training step: what autograd saves for the backward pass, and the process's peak."""

import resource
import sys
from collections.abc import Callable

import torch


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
