"""The MuJoCo models of N robots under faults of the dynamics."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import DynamicsFault, of_kind
from liquid_control.faults.randomness import Random

if TYPE_CHECKING:
    from mujoco import MjModel


class DynamicsFaults:
    """Each robot's own model, changed when a fault of its dynamics begins.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray):
        self._faults, self._has = of_kind(faults, DynamicsFault), has
        self._begun: list[tuple[int, ...]] = [()] * len(has)
        self._changed: dict[int, MjModel] = {}

    def restart(self, index: int) -> None:
        """Begin an episode of one robot."""
        self._begun[index] = ()
        self._changed.pop(index, None)

    def models(self, nominal: 'MjModel', steps: np.ndarray, random: Random) -> list['MjModel']:
        """The model by which each robot moves in the period that begins.

        Args:
            nominal: the model without faults; it is not changed.
            steps: periods that each robot's episode has lasted, (N,).
            random: source of randomness.

        Raises:
            FaultError: the model lacks what a fault changes.
        """
        if not self._faults:
            return [nominal] * len(self._has)
        active = {place: self._has[:, place] & f.active(steps) for place, f in self._faults}
        for index, before in enumerate(self._begun):
            begins = [
                (place, fault)
                for place, fault in self._faults
                if active[place][index] and place not in before
            ]
            if begins:
                model = copy.copy(self._changed.get(index, nominal))
                for place, fault in begins:
                    fault.change(model, random.generator('dynamics', index, place))
                _derive(model)
                self._changed[index] = model
                self._begun[index] = (*before, *(place for place, _ in begins))
        return [self._changed.get(index, nominal) for index in range(len(self._has))]


def check_model(faults: Sequence[Fault], model: 'MjModel') -> None:
    """Refuse faults of the dynamics that a model cannot have.

    Raises:
        FaultError: the model lacks what a fault changes.
    """
    for _, fault in of_kind(faults, DynamicsFault):
        fault.change(copy.copy(model), np.random.default_rng(0))


def _derive(model: 'MjModel') -> None:
    """Compute the constants that MuJoCo derives from masses and the like."""
    import mujoco

    mujoco.mj_setConst(model, mujoco.MjData(model))
