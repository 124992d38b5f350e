"""Faults as text, for the command line and ROS parameters: ``gaussian:0.1+dropped:0.05``."""

from dataclasses import fields

from liquid_control.control.schema import unknown
from liquid_control.faults.base import Fault, FaultError
from liquid_control.faults.delay import Delay
from liquid_control.faults.dropped import Dropped
from liquid_control.faults.gaussian import Gaussian
from liquid_control.faults.jitter import Jitter

_FAULTS: dict[str, type[Fault]] = {
    'delay': Delay,
    'dropped': Dropped,
    'gaussian': Gaussian,
    'jitter': Jitter,
}


def names() -> list[str]:
    """Names of all faults."""
    return sorted(_FAULTS)


def parse(spec: str) -> tuple[Fault, ...]:
    """Parse faults: ``none``, or names joined by ``+``, each with its settings after ``:``.

    Raises:
        FaultError: a name is unknown, or a setting is not a number or is out of range.
    """
    if spec.strip() in ('', 'none'):
        return ()
    return tuple(_parse_one(part.strip()) for part in spec.split('+'))


def _parse_one(text: str) -> Fault:
    name, *values = text.split(':')
    if name not in _FAULTS:
        raise FaultError(unknown('fault', name, [*_FAULTS, 'none']))
    kind = _FAULTS[name]
    settings = [f.name for f in fields(kind)]
    if len(values) > len(settings):
        raise FaultError(f'{text}: {name} takes {", ".join(settings)}; found {len(values)} values')
    numbers = {}
    for setting, value in zip(settings, values, strict=False):
        try:
            numbers[setting] = float(value)
        except ValueError:
            raise FaultError(f'{text}: {setting}: expected a number, found {value!r}') from None
    return kind(**numbers)
