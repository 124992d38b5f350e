"""Energy counters of Intel and AMD processors (RAPL), where Linux offers them."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path('/sys/class/powercap')
_PACKAGE = re.compile(r'intel-rapl:\d+')
"""Folders of whole processors; those of their parts have a second number."""
MEASURED = (
    'Measured: energy of all processors (RAPL) while the policy steps without a pause, less that '
    'of the idle machine before.'
)
_MEASURED_S = 2.0
_BLOCK = 200


class RaplError(RuntimeError):
    """There are no counters, or they may not be read."""


@dataclass(frozen=True)
class Rapl:
    """The counters of all processors of this machine, in µJ, and where each starts anew."""

    counters: tuple[tuple[Path, int], ...]

    @classmethod
    def found(cls, folder: Path = FOLDER) -> 'Rapl':
        """Find the counters.

        Raises:
            RaplError: there are none, or they may not be read.
        """
        packages = sorted(p for p in folder.glob('intel-rapl:*') if _PACKAGE.fullmatch(p.name))
        if not packages:
            raise RaplError('no RAPL')
        try:
            counters = [
                (path / 'energy_uj', int((path / 'max_energy_range_uj').read_text()))
                for path in packages
            ]
            rapl = cls(tuple(counters))
            rapl.read()
        except PermissionError as error:
            raise RaplError(f'{error.filename} may be read by root alone') from None
        except (OSError, ValueError) as error:
            raise RaplError(f'RAPL cannot be read: {error}') from None
        return rapl

    def read(self) -> tuple[int, ...]:
        """The counters, µJ."""
        return tuple(int(path.read_text()) for path, _ in self.counters)

    def since(self, before: tuple[int, ...]) -> float:
        """Joules of all processors since an earlier reading; a counter may have started anew."""
        pairs = zip(self.read(), before, self.counters, strict=True)
        return sum((now - then) % (span + 1) for now, then, (_, span) in pairs) / 1e6

    def step_nj(self, step: Callable[[], object], seconds: float = _MEASURED_S) -> float:
        """Energy of a step beyond that of the idle machine, nJ.

        Whatever else the machine does in the meantime counts too, so leave it alone.

        Args:
            step: one step of a policy.
            seconds: how long to measure, first the idle machine, then steps without a pause.
        """
        before, started = self.read(), time.perf_counter()
        time.sleep(seconds)
        idle_w = self.since(before) / (time.perf_counter() - started)
        before, started, steps = self.read(), time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            for _ in range(_BLOCK):
                step()
            steps += _BLOCK
        busy_j, passed = self.since(before), time.perf_counter() - started
        return (busy_j - idle_w * passed) / steps * 1e9
