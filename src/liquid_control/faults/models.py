"""The MuJoCo models of N robots under faults of the dynamics."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.faults.activity import Activities
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import DynamicsFault, of_kind
from liquid_control.faults.randomness import Random

if TYPE_CHECKING:
    from mujoco import MjModel


_FULL = 100
"""Steps in which the strength of a fault rises from none to full; each makes a new model."""


class DynamicsFaults:
    """Each robot's own model, made anew when faults of its dynamics begin, change or end.

    Args:
        faults: all K faults; those of other kinds do nothing here.
        has: which robot has which fault, (N, K) bool; may change when an episode begins.
    """

    def __init__(self, faults: Sequence[Fault], has: np.ndarray):
        self._faults, self._has = of_kind(faults, DynamicsFault), has
        self._strength = np.zeros((len(has), len(self._faults)), dtype=np.int64)
        self._seeds = np.zeros(self._strength.shape, dtype=np.int64)
        self.activities = Activities(self._faults, has, 'dynamics')
        self._changed: dict[int, tuple[bytes, MjModel]] = {}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All mutable state, to be read or written in place; the models follow from it."""
        if not self._faults:
            return {}
        return {'strength': self._strength, 'seeds': self._seeds, **self.activities.arrays}

    def restart(self, index: int) -> None:
        """Begin an episode of one robot."""
        self._strength[index] = 0

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
            active, strength = self.activities.of(position, fault, steps, random)
            before = self._strength[:, column]
            for index in np.flatnonzero(active & (before == 0)).tolist():
                rng = random.generator('dynamics', index, position)
                self._seeds[index, column] = rng.integers(2**62)
            share = active if strength is None else strength
            before[:] = np.where(active, np.maximum(np.rint(share * _FULL), 1), 0)
        models = [nominal] * len(self._has)
        for index in np.flatnonzero(self._strength.any(axis=1)).tolist():
            models[index] = self._model(nominal, index)
        return models

    def _model(self, nominal: 'MjModel', index: int) -> 'MjModel':
        """The model of one robot with its active faults."""
        strength, seeds = self._strength[index], self._seeds[index]
        key = strength.tobytes() + seeds[strength > 0].tobytes()
        made = self._changed.get(index)
        if made is None or made[0] != key:
            model = copy.copy(nominal)
            for column in np.flatnonzero(strength).tolist():
                fault = self._faults[column][1].scaled(strength[column] / _FULL)
                fault.change(model, np.random.default_rng(int(seeds[column])))
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
