"""What cells do differently on different devices."""

import torch

_ON_GPU = 2**26


def at_once(like: torch.Tensor, cached: int) -> int:
    """How many values to compute at a time, on the device of ``like``.

    On a CPU ``cached``, which stay in its cache; on a GPU more, since every operation costs a
    launch, whatever it computes.
    """
    return cached if like.device.type == 'cpu' else _ON_GPU


def autocast(tensor: torch.Tensor) -> bool:
    """Whether autocast is on for the tensor's device."""
    kind = tensor.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
