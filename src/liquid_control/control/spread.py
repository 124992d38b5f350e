"""The least standard deviation that is a movement and not numerical noise."""

from collections.abc import Sequence

import numpy as np

_STILL = 1e-9
"""A term whose largest standard deviation is below this stands still."""
_LEAST = 1e-3
"""A channel's standard deviation is no less than this share of its term's largest."""


def floored(std: Sequence[float] | np.ndarray) -> np.ndarray:
    """Standard deviations of a term's channels, none of them that of numerical noise, (n,).

    A joint that stands still varies by 1e-13 rad; measured in that unit, any error is gigantic. So
    a value is at least a thousandth of the term's largest, and 1 for all if nothing in the term
    moves. Values that are not finite count as 0.
    """
    found = np.asarray(std, dtype=np.float64)
    found = np.where(np.isfinite(found), found, 0.0)
    largest = found.max(initial=0.0)
    if largest < _STILL:
        return np.ones_like(found)
    return np.maximum(found, _LEAST * largest)
