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
    """Each robot's own model, made anew when faults of its dynamics begin or end.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray):
        self._faults, self._has = of_kind(faults, DynamicsFault), has
        self._active = np.zeros((len(has), len(self._faults)), dtype=bool)
        self._seeds = np.zeros(self._active.shape, dtype=np.int64)
        self._changed: dict[int, tuple[bytes, MjModel]] = {}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place; the models follow from it."""
        return {'active': self._active, 'seeds': self._seeds} if self._faults else {}

    def restart(self, index: int) -> None:
        """Begin an episode of one robot."""
        self._active[index] = False

    def models(self, nominal: 'MjModel', steps: np.ndarray, random: Random) -> list['MjModel']:
        """The model by which each robot moves in the period that begins.

        Args:
            nominal: the model without faults; it is not changed.
            steps: periods that each robot's episode has lasted, (N,).
            random: source of randomness.

        Raises:
            FaultError: the model lacks what a fault changes.
        """
        for column, (position, fault) in enumerate(self._faults):
            active = self._has[:, position] & fault.active(steps)
            for index in np.flatnonzero(active & ~self._active[:, column]).tolist():
                rng = random.generator('dynamics', index, position)
                self._seeds[index, column] = rng.integers(2**62)
            self._active[:, column] = active
        models = [nominal] * len(self._has)
        for index in np.flatnonzero(self._active.any(axis=1)).tolist():
            models[index] = self._model(nominal, index)
        return models

    def _model(self, nominal: 'MjModel', index: int) -> 'MjModel':
        """The model of one robot with its active faults."""
        active, seeds = self._active[index], self._seeds[index]
        key = active.tobytes() + seeds[active].tobytes()
        made = self._changed.get(index)
        if made is None or made[0] != key:
            model = copy.copy(nominal)
            for column in np.flatnonzero(active).tolist():
                rng = np.random.default_rng(int(seeds[column]))
                self._faults[column][1].change(model, rng)
            _derive(model)
            made = self._changed[index] = key, model
        return made[1]


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
