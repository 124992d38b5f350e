"""What a comparison of robustness measured, as plain data that reports and tables are made from."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from liquid_control.control.elapsed import MEASURED, NOMINAL
from liquid_control.evaluation.families import Family
from liquid_control.files import from_json
from liquid_control.provenance import write_json

__all__ = ['MEASURED', 'NOMINAL', 'Measurement', 'PolicyFacts', 'RobustnessResults']

FORMAT = 1


@dataclass(frozen=True)
class PolicyFacts:
    """One policy, of which there may be several trainings.

    Attributes:
        name: its name in results.
        cell: its recurrent cell.
        bundles: ``path``, ``sha256`` and ``seed`` of each training.
        figures: what else is known of it, such as ``parameters``, ``state_bytes``,
            ``bundle_bytes``, ``resident_bytes``, ``latency_us_p50``, ``multiply_adds``,
            ``transcendentals`` and ``energy_nj`` a step; of the first bundle.
    """

    name: str
    cell: str
    bundles: tuple[dict[str, Any], ...]
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """What one training of a policy reached in E episodes under one fault.

    Attributes:
        policy: name of the policy.
        bundle: sha256 of its bundle.
        family: name of the fault's family; empty for episodes without a fault.
        level: level of the fault.
        fault: the fault, as text.
        elapsed: ``measured`` or ``nominal``.
        returns: sum of the rewards of each episode, (E,).
        steps: control periods that each lasted, (E,).
        fallen: whether each ended with a fall, (E,).
        stopped: whether the policy was stopped in it, since its output was not finite, (E,); such
            an episode has failed, whatever its return.
        errors: mean squared error of the predictions in each, in units of each channel's variance,
            (E,); None where there was none.
        persistence: the same of predicting no change, (E,).
        error: why nothing was measured; empty if it was. The lists are empty then.
    """

    policy: str
    bundle: str
    family: str
    level: float
    fault: str
    elapsed: str
    returns: tuple[float, ...] = ()
    steps: tuple[int, ...] = ()
    fallen: tuple[bool, ...] = ()
    stopped: tuple[bool, ...] = ()
    errors: tuple[float | None, ...] = ()
    persistence: tuple[float | None, ...] = ()
    error: str = ''


@dataclass(frozen=True)
class RobustnessResults:
    """All that a comparison measured.

    Attributes:
        benchmark: ``robustness``, ``generalization`` or ``compare``.
        robot: name of the simulated robot.
        reference: ``name`` of the policy whose clean mean ``return`` is 100 %, such as the expert.
        seed: seed of the first episode; each later one adds 1.
        policies: what was compared.
        families: the faults, in the order of the report.
        measurements: for every policy and bundle, without a fault and under each.
        provenance: command, versions, machine, date.
    """

    benchmark: str
    robot: str
    reference: dict[str, Any]
    seed: int
    policies: tuple[PolicyFacts, ...]
    families: tuple[Family, ...]
    measurements: tuple[Measurement, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        write_json(path, {'format': FORMAT, **asdict(self)})

    @classmethod
    def load(cls, path: Path) -> 'RobustnessResults':
        """Read what :meth:`save` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is none of these results, or a measurement has figures that are not
                finite, or not one of each kind an episode.
        """
        data = from_json(path.read_text())
        if not isinstance(data, dict) or data.pop('format', None) != FORMAT:
            raise ValueError(f'{path}: expected results of a comparison, format {FORMAT}')
        kinds = {'policies': PolicyFacts, 'families': Family, 'measurements': Measurement}
        try:
            rows: dict[str, Any] = {
                name: tuple(from_row(kind, row) for row in data[name])
                for name, kind in kinds.items()
            }
            results = cls(**(data | rows))
        except (KeyError, TypeError) as error:
            raise ValueError(f'{path}: expected results of a comparison: {error}') from error
        for index, measurement in enumerate(results.measurements):
            _check(measurement, f'{path}: measurements[{index}]')
        return results


def _check(measurement: Measurement, where: str) -> None:
    """Refuse figures that nothing can be worked out from."""
    episodes = len(measurement.returns)
    for name in ('returns', 'steps', 'fallen', 'stopped', 'errors', 'persistence'):
        values = getattr(measurement, name)
        if len(values) != episodes:
            raise ValueError(
                f'{where}: {name}: expected {episodes} as of returns, found {len(values)}'
            )
        missing = name in ('errors', 'persistence')
        for episode, value in enumerate(values):
            if not (value is None and missing) and not _finite(value):
                raise ValueError(
                    f'{where}: {name}[{episode}]: expected a finite number, found {value!r}'
                )


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def from_row(kind: type, row: dict[str, Any]) -> Any:
    """A row of plain JSON as a frozen dataclass, its lists as tuples."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
