"""How far a run is, as it is told while the run is under way."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

_PERIODS_S = {'log': 1.0, 'json': 0.2}


class RunProgress:
    """Prints or logs the progress of a run, from time to time.

    Args:
        how: ``log``, ``json`` or ``none``.
        log: called with a line, for ``log``.
        clock: returns the time in s; steady.
    """

    def __init__(
        self, how: str, log: Callable[[str], Any], clock: Callable[[], float] = time.monotonic
    ):
        self._how, self._log, self._clock = how, log, clock
        self._last = 0.0

    def tell(self, so_far: Callable[[], Mapping[str, Any]], simulated: bool) -> None:
        """Tell it, if it is time.

        Args:
            so_far: returns episode, step, return and prediction error over persistence.
            simulated: whether a simulation has taken a step; without one there is nothing to log.
        """
        now = self._clock()
        if self._how not in _PERIODS_S or now - self._last < _PERIODS_S[self._how]:
            return
        self._last = now
        if self._how == 'json':
            print(json.dumps(so_far()), flush=True)
        elif simulated:
            self._log(_line(so_far()))


def _line(so_far: Mapping[str, Any]) -> str:
    ratio = so_far['ratio']
    shown = 'none yet' if ratio is None else f'{ratio:.3f}'
    return (
        f'episode {so_far["episode"]}, step {so_far["step"]}, return {so_far["return"]:.0f}, '
        f'prediction error / persistence {shown}'
    )
