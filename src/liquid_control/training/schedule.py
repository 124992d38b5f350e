"""How large a step is over the course of a training."""

import math


def warm_cosine(done: int, total: int, warm: float, least: float = 0.02) -> float:
    """Share of the largest step size: evenly up, then down on half a cosine.

    Args:
        done: steps so far.
        total: steps of the training.
        warm: steps over which it comes up.
        least: share that is left at the end.
    """
    cosine = 0.5 * (1.0 + math.cos(math.pi * done / total))
    return min(1.0, (done + 1) / max(1.0, warm)) * (least + (1.0 - least) * cosine)
