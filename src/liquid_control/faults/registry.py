"""Faults as text, for the command line and ROS parameters: ``gaussian:0.1+delay:3@500``."""

import functools
import importlib
import pkgutil
from dataclasses import Field, fields
from typing import Any

from liquid_control.control.schema import unknown
from liquid_control.faults.fault import Fault, FaultError, check_of
from liquid_control.faults.kinds import KINDS

_NONE = 'none'
SYNTAX = 'none, or faults joined by +; NAME:VALUE@N begins at sample N of an episode'
"""How faults are written, for ``--help``."""


@functools.cache
def registry() -> dict[str, type[Fault]]:
    """Name → class of every fault in the folders beside this file, one for each kind.

    Raises:
        TypeError: two faults have the same name.
    """
    classes: dict[str, type[Fault]] = {}
    for kind in KINDS:
        package = importlib.import_module(f'{__package__}.{kind.kind}')
        for module in pkgutil.iter_modules(package.__path__, f'{package.__name__}.'):
            for item in vars(importlib.import_module(module.name)).values():
                if not isinstance(item, type) or item.__module__ != module.name:
                    continue
                if issubclass(item, kind):
                    if item.name in classes:
                        raise TypeError(f'{module.name}: the name {item.name!r} is taken')
                    classes[item.name] = item
    return classes


def names() -> list[str]:
    """Names of all faults, kind by kind."""
    return list(registry())


def describe(*kinds: str) -> list[str]:
    """One line for each fault: its name, its settings, what it does, bounds and defaults.

    Args:
        kinds: only faults of these kinds, such as ``sensor``; by default all.
    """
    rows = []
    for name, kind in registry().items():
        settings = _settings(kind)
        written = ':'.join([name, *(field.name.upper() for field in settings)])
        limits = ', '.join(f'{check_of(field)}; {field.default}' for field in settings)
        rows.append((kind, written, f'{kind.about} ({limits})'))
    width = max(len(written) for _, written, _ in rows)
    return [
        f'{written:<{width}}  {text}'
        for kind, written, text in rows
        if not kinds or kind.kind in kinds
    ]


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
    if name not in registry():
        raise FaultError(unknown('fault', name, [*registry(), _NONE]))
    kind = registry()[name]
    settings = [field.name for field in _settings(kind)]
    if len(values) > len(settings):
        raise FaultError(f'{text}: {name} takes {", ".join(settings)}; found {len(values)} values')
    given: dict[str, Any] = {}
    for index, value in enumerate(values):
        setting, equals, number = (part.strip() for part in value.partition('='))
        if not equals:
            setting, number = settings[index], value
        if setting not in settings:
            raise FaultError(f'{text}: {unknown(f"setting of {name}", setting, settings)}')
        given[setting] = number
    if at:
        given['start'] = start.strip()
    return kind(**given)


def _settings(kind: type[Fault]) -> list[Field]:
    """The settings of a fault that are written after its name."""
    return [field for field in fields(kind) if not field.kw_only]
