"""What cells do differently on a CPU and on a GPU."""

import torch

_ON_GPU = 2**26
"""Values computed at a time on a GPU, 256 MiB in single precision."""


def at_once(like: torch.Tensor, cached: int) -> int:
    """How many values to compute at a time, on the device of ``like``.

    On a CPU ``cached``, which stay in its cache; on a GPU more, since every operation costs a
    launch, whatever it computes.
    """
    return cached if like.device.type == 'cpu' else _ON_GPU


def autocast(tensor: torch.Tensor) -> bool:
    """Whether autocast is on for the tensor's device; the meta device has none."""
    kind = tensor.device.type
    return kind != 'meta' and torch.is_autocast_enabled(kind)
