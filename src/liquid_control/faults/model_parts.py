"""Parts of a MuJoCo model that faults change."""

from typing import TYPE_CHECKING

import numpy as np

from liquid_control.faults.settings import FaultError

if TYPE_CHECKING:
    from mujoco import MjModel


def base(model: 'MjModel', fault: str) -> int:
    """Index of the moving body without a moving parent whose subtree has the largest mass.

    Args:
        model: the model.
        fault: name of the fault, for the message.

    Raises:
        FaultError: nothing moves.
    """
    moves = np.asarray(model.body_weldid) != 0
    bases = np.flatnonzero(moves & ~moves[model.body_parentid])
    if not bases.size:
        raise FaultError(f'{fault}: expected a body that moves, found none in the model')
    return int(bases[np.argmax(model.body_subtreemass[bases])])
