"""Faults as text, for the command line and ROS parameters: ``gaussian:0.1+delay:3@500``."""

from dataclasses import Field, fields

from liquid_control.control.schema import unknown
from liquid_control.faults.delay import Delay
from liquid_control.faults.dropped import Dropped
from liquid_control.faults.fault import Fault, FaultError, bounds
from liquid_control.faults.gaussian import Gaussian
from liquid_control.faults.jitter import Jitter

_FAULTS: dict[str, type[Fault]] = {
    'delay': Delay,
    'dropped': Dropped,
    'gaussian': Gaussian,
    'jitter': Jitter,
}

_NONE = 'none'
SYNTAX = 'none, or faults joined by +; NAME:VALUE@N begins at sample N of an episode'
"""How faults are written, for ``--help``."""


def names() -> list[str]:
    """Names of all faults."""
    return sorted(_FAULTS)


def describe() -> list[str]:
    """One line for each fault: its name, its setting, what it does, bounds and default."""
    rows = []
    for name, kind in sorted(_FAULTS.items()):
        settings = _settings(kind)
        written = ':'.join([name, *(field.name.upper() for field in settings)])
        limits = ', '.join(f'{bounds(field)}; {field.default:g}' for field in settings)
        rows.append((written, f'{kind.about} ({limits})'))
    width = max(len(written) for written, _ in rows)
    return [f'{written:<{width}}  {text}' for written, text in rows]


def parse(spec: str) -> tuple[Fault, ...]:
    """Parse faults: ``none``, or names joined by ``+``.

    A name may be followed by its settings, each after a ``:`` (``gaussian:0.1`` or
    ``gaussian:sigma=0.1``), and by ``@`` and the number of samples of an episode before it begins.

    Raises:
        FaultError: a fault or setting is unknown, or a value is not a number or is out of bounds.
    """
    if spec.strip() in ('', _NONE):
        return ()
    return tuple(_parse_one(part.strip()) for part in spec.split('+'))


def _parse_one(text: str) -> Fault:
    written, at, start = text.partition('@')
    name, *values = (part.strip() for part in written.split(':'))
    if name == _NONE:
        raise FaultError(f'{text}: {_NONE} takes no value and no start, and stands alone')
    if name not in _FAULTS:
        raise FaultError(unknown('fault', name, [*_FAULTS, _NONE]))
    kind = _FAULTS[name]
    settings = [field.name for field in _settings(kind)]
    if len(values) > len(settings):
        raise FaultError(f'{text}: {name} takes {", ".join(settings)}; found {len(values)} values')
    found = {}
    for place, value in enumerate(values):
        setting, equals, number = (part.strip() for part in value.partition('='))
        if not equals:
            setting, number = settings[place], value
        if setting not in settings:
            raise FaultError(f'{text}: {unknown(f"setting of {name}", setting, settings)}')
        found[setting] = number
    if at:
        found['start'] = start.strip()
    return kind(**found)


def _settings(kind: type[Fault]) -> list[Field]:
    """The settings of a fault that are written after its name."""
    return [field for field in fields(kind) if not field.kw_only]
