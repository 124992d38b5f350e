"""The faults that a simulation of one robot obeys: of its commands, its clock and its dynamics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from liquid_control.faults.clocks import ClockFaults, nominal_on_average
from liquid_control.faults.commands import CommandFaults, Limits
from liquid_control.faults.fault import Fault
from liquid_control.faults.models import DynamicsFaults
from liquid_control.faults.randomness import Streams
from liquid_control.faults.settings import FaultError

if TYPE_CHECKING:
    from mujoco import MjModel


def check_seed(seed: int) -> None:
    """Raise FaultError if a seed of faults is not in [0, 2⁶⁴)."""
    if not 0 <= seed < 2**64:
        raise FaultError(f'seed: expected a whole number in [0, 2^64), found {seed}')


class SimulationFaults:
    """Faults of commands, clock and dynamics for one simulated robot, episode after episode.

    In each control period a simulation asks first for the :meth:`model`, reads its sensors, and
    once the policy has answered asks for the :meth:`period` and for the command that will
    :meth:`act` in it. What it gets depends on the seed, the time and what was sent alone.

    Args:
        faults: all faults; those of sensors do nothing here, see :class:`FaultInjector`.
        seed: seed of the faults.
        limits: limits of the joints, such as a contract's action.
        period_ns: nominal control period in ns; 0: not known.

    Raises:
        FaultError: the seed is not in [0, 2⁶⁴), or a control period in ms is too short or too long
            beside the nominal one.
    """

    def __init__(self, faults: Sequence[Fault], seed: int, limits: Limits, period_ns: int = 0):
        check_seed(seed)
        has = np.ones((1, len(faults)), dtype=bool)
        self._streams = Streams(seed)
        self._commands = CommandFaults(faults, has, limits)
        self._clock = ClockFaults(faults, has, period_ns)
        self._dynamics = DynamicsFaults(faults, has)
        self.nominal_on_average = nominal_on_average(faults, period_ns)
        """Whether control periods have the nominal length on average."""

    def restart(self) -> None:
        """Begin an episode."""
        self._commands.restart(0)
        self._dynamics.restart(0)

    def model(self, nominal: 'MjModel', stamp: int, step: int) -> 'MjModel':
        """The model by which the robot moves from now on.

        Args:
            nominal: the model without faults.
            stamp: present time in ns.
            step: periods that the episode has lasted.

        Raises:
            FaultError: the model lacks what a fault changes.
        """
        return self._dynamics.models(nominal, np.array([step]), self._streams.at(stamp))[0]

    def period(self, stamp: int, step: int) -> float:
        """Length of the period that begins, in nominal periods; arguments as above.

        Raises:
            FaultError: a fault returns a length that is not finite or not above 0.
        """
        return float(self._clock.periods(np.array([step]), self._streams.at(stamp))[0])

    def act(self, sent: np.ndarray, stamp: int) -> np.ndarray:
        """The command (m,) that acts in the period that begins; to be called once a period.

        Args:
            sent: the newest command, (m,).
            stamp: present time in ns.

        Raises:
            FaultError: a fault makes a command that is not finite.
        """
        return self._commands.act(np.asarray(sent)[None], self._streams.at(stamp))[0]
