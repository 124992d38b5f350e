"""Faults as text, for the command line and ROS parameters: ``gaussian:0.1+delay:3@500``."""

import functools
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from liquid_control.control.schema import unknown
from liquid_control.faults.fault import Fault
from liquid_control.faults.kinds import KINDS
from liquid_control.faults.schedules import SCHEDULES, parse_schedule
from liquid_control.faults.settings import (
    FaultError,
    Name,
    check_of,
    described,
    has_check,
    read_values,
    settings_of,
)
from liquid_control.modules import modules_of

_NONE, _ON = 'none', 'on'
SYNTAX = 'none, or NAME:VALUE:on=CHANNELS/SCHEDULE@START, several joined by +'
"""How faults are written, for ``--help``."""


@functools.cache
def registry() -> dict[str, type[Fault]]:
    """Name → class of every fault in the folders beside this file, one for each kind.

    Raises:
        FaultError: a file cannot be imported, has a fault of another kind or one that lacks what
            every fault has, or the name of a fault is taken; the message names file and class.
    """
    classes: dict[str, type[Fault]] = {}
    for kind in KINDS:
        for item in _classes(f'{__package__}.{kind.kind}'):
            _check_class(item, kind)
            other = classes.setdefault(item.name, item)
            if other is not item:
                raise FaultError(
                    f'{_place(item)}: name: the name {item.name!r} is taken by {_place(other)}'
                )
    return classes


def _classes(folder: str) -> Iterator[type[Fault]]:
    """Yield the classes of faults that are defined in the modules of a package."""
    for _, module in modules_of(importlib.import_module(folder), 'a fault', FaultError):
        for item in vars(module).values():
            known = isinstance(item, type) and item.__module__ == module.__name__
            if known and issubclass(item, Fault):
                yield item


def _check_class(item: type[Fault], kind: type[Fault]) -> None:
    """Refuse the class of a fault that is not complete, or not of the kind of its folder.

    Raises:
        FaultError: so it is; the message names file and class.
    """
    if not issubclass(item, kind):
        raise FaultError(
            f'{_place(item)}: expected a {kind.__name__} in the folder {kind.kind}, found a '
            f'{item.kind or "nameless"} fault'
        )
    for key in ('name', 'about'):
        value = getattr(item, key)
        if not isinstance(value, str) or not value:
            raise FaultError(f'{_place(item)}: {key}: expected a text, found {value!r}')
    for key, value in vars(item).items():
        if isinstance(value, Field):
            raise FaultError(
                f'{_place(item)}: {key}: expected @dataclass(frozen=True) at its class'
            )
    for field in fields(item):
        if not has_check(field):
            raise FaultError(
                f'{_place(item)}: {field.name}: expected a setting(...) or name_setting(...), '
                f'found {_default(field)}'
            )


def _place(item: type[Fault]) -> str:
    """File and class of a fault."""
    return f'{sys.modules[item.__module__].__file__}: {item.__name__}'


def _default(field: Field) -> str:
    return 'nothing' if field.default is MISSING else repr(field.default)


def names() -> list[str]:
    """Names of all faults, kind by kind."""
    return list(registry())


def describe(*kinds: str) -> list[str]:
    """One line for each fault: its name, its settings, what it does, bounds and defaults.

    Args:
        kinds: only faults of these kinds, such as ``sensor``; by default all.
    """
    rows = [(kind, *described(kind)) for kind in registry().values()]
    width = max(len(written) for _, written, _ in rows)
    return [
        f'{written:<{width}}  {text}'
        for kind, written, text in rows
        if not kinds or kind.kind in kinds
    ]


def parse(spec: str) -> tuple[Fault, ...]:
    """Parse faults: ``none``, or names joined by ``+``.

    A name may be followed by its settings, each after a ``:`` (``gaussian:0.1`` or
    ``gaussian:sigma=0.1``), by a schedule after a ``/`` (``gaussian:0.1/ramp:500``), and by ``@``
    and the number of samples of an episode before it begins. A sensor fault may be limited to some
    channels: ``gaussian:0.1:on=joint_velocity``, see :meth:`Signal.named`.

    Raises:
        FaultError: a fault, setting or schedule is unknown, a value is not a number or is out of
            bounds, or the fault cannot have such a schedule.
    """
    if spec.strip() in ('', _NONE):
        return ()
    return tuple(_parse_one(part.strip()) for part in spec.split('+'))


def _parse_one(text: str) -> Fault:
    written, at, start = text.partition('@')
    name = re.split('[:/]', written)[0].strip()
    if name == _NONE:
        raise FaultError(f'{text}: {_NONE} takes no value and no start, and stands alone')
    if re.fullmatch(r'[-+.\d]+', name):
        raise FaultError(
            f'unknown fault {name!r}: commas separate faults; decimals are written with a point, '
            'as in gaussian:0.1'
        )
    if name not in registry():
        raise FaultError(unknown('fault', name, [*registry(), _NONE]))
    kind = registry()[name]
    written, schedule = _split_schedule(kind, written)
    values = written.split(':')[1:]
    given: dict[str, Any] = read_values(text, kind, values, [_ON] if hasattr(kind, _ON) else [])
    if schedule is not None:
        given['schedule'] = parse_schedule(schedule)
    if at:
        given['start'] = start.strip()
    return kind(**given)


def setting_at(text: str, position: int) -> tuple[type[Fault], Field] | None:
    """The fault and the setting whose value stands at a position of faults as text.

    None where there is none: in a name, a schedule or a start.

    Args:
        text: valid faults, see :func:`parse`.
        position: index of a character.
    """
    first = text.rfind('+', 0, position) + 1
    part = text[first:].partition('+')[0]
    written = part.partition('@')[0]
    kind = registry()[re.split('[:/]', written)[0].strip()]
    written, _ = _split_schedule(kind, written)
    number = written[: position - first].count(':')
    if not number or position - first >= len(written):
        return None
    name, equals, _ = written.split(':')[number].partition('=')
    settings = settings_of(kind)
    if not equals:
        return kind, settings[number - 1]
    found = [field for field in settings if field.name == name.strip()]
    return (kind, found[0]) if found else None


def _split_schedule(kind: type[Fault], text: str) -> tuple[str, str | None]:
    """Split off a schedule; a ``/`` in the name of a body or channel begins none."""
    written, slash, schedule = text.rpartition('/')
    if not slash:
        return text, None
    takes_name = any(isinstance(check_of(field), Name) for field in settings_of(kind))
    begins = schedule.partition(':')[0].strip()
    if begins not in SCHEDULES and (takes_name or '=' in written):
        return text, None
    return written, schedule
