"""Find the numbers in messages of any type, from the type's definition alone."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from rosbags.interfaces import Nodetype

_FLOATS = ('float32', 'float64')
_NAMES = ('name', 'names', 'joint_names', 'joints')
_DEEPEST = 6

Fields = Callable[[str], list[tuple[str, Any]]]


class Numbers(NamedTuple):
    """Numbers that belong together in a message.

    Attributes:
        field: path, as written in contracts.
        channels: their names if the type fixes them, as in ``('x', 'y', 'z')``; else None.
        names: path of the list of names beside them; None if there is none.
        read: message → their values.
        read_names: message → that list of names; None if there is none.
    """

    field: str
    channels: tuple[str, ...] | None
    names: str | None
    read: Callable[[Any], Any]
    read_names: Callable[[Any], Any] | None


def numbers(fields: Fields, kind: str) -> list[Numbers]:
    """Return all floating-point numbers of a message type except covariances.

    Args:
        fields: message type → (name, description) of its fields.
        kind: the type.
    """
    beside = next((name for name in _NAMES if _is_texts(dict(fields(kind)).get(name))), None)
    return list(_walk(fields, kind, '', beside, _DEEPEST))


def _walk(fields: Fields, kind: str, path: str, names: str | None, depth: int):
    scalars = []
    for name, (node, about) in fields(kind):
        where = f'{path}{name}'
        if name.endswith('covariance'):
            continue
        if node == Nodetype.BASE:
            if about[0] in _FLOATS:
                scalars.append(name)
        elif node == Nodetype.NAME:
            if depth:
                yield from _walk(fields, about, f'{where}.', names, depth - 1)
        else:
            item, length = about
            if item[0] == Nodetype.BASE and item[1][0] in _FLOATS:
                fixed = tuple(map(str, range(length))) if node == Nodetype.ARRAY else None
                yield _array(where, fixed, None if fixed else names)
            elif item[0] == Nodetype.NAME and '[]' not in path:
                yield from _list(fields, item[1], where)
    if scalars:
        getters = [attrgetter(f'{path}{name}') for name in scalars]
        field = path.rstrip('.')
        yield Numbers(field, tuple(scalars), None, lambda m: [get(m) for get in getters], None)


def _array(path: str, channels: tuple[str, ...] | None, names: str | None) -> Numbers:
    return Numbers(path, channels, names, attrgetter(path), attrgetter(names) if names else None)


def _list(fields: Fields, kind: str, path: str):
    """The numbers of each of a list of messages: ``motor_state[].q``."""
    inner = dict(fields(kind))
    named = next((n for n in _NAMES if inner.get(n) == (Nodetype.BASE, ('string', 0))), None)
    names = f'{path}[].{named}' if named else None
    for name, (node, about) in inner.items():
        if node == Nodetype.BASE and about[0] in _FLOATS:
            yield Numbers(
                f'{path}[].{name}', None, names, _each(path, name), named and _each(path, named)
            )


def _each(path: str, name: str) -> Callable[[Any], list]:
    items, item = attrgetter(path), attrgetter(name)
    return lambda message: [item(one) for one in items(message)]


def _is_texts(description: Any) -> bool:
    return (
        description is not None
        and description[0] == Nodetype.SEQUENCE
        and description[1][0][:2] == (Nodetype.BASE, ('string', 0))
    )
