"""Commands as messages: values by name, and the stamp of the observation that each answers.

One file a message type. Every subclass of :class:`CommandReader` with ``types`` in a module of this
package is found by itself; no list names it.
"""

import sys
from functools import cache
from inspect import isabstract
from typing import TypeVar

from liquid_control.control.commands.base import CommandCodec, CommandError, CommandReader
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.control.term import ContractError
from liquid_control.modules import modules_of

__all__ = [
    'CommandCodec',
    'CommandError',
    'CommandReader',
    'command_codec',
    'command_reader',
]


def command_codec(contract: Contract, kind: str | None = None) -> CommandCodec:
    """Return what makes and reads the commands of a contract.

    Args:
        contract: its action is what the commands say.
        kind: message type, if it is not the action's own.

    Raises:
        ContractError: commands of this type cannot be made, or the action does not suit the type.
    """
    kind = kind or contract.action.type
    reader = _class_for(contract, kind)
    if issubclass(reader, CommandCodec):
        return _built(reader, contract, kind)
    made = [name for name, one in _readers().items() if issubclass(one, CommandCodec)]
    raise ContractError(
        f'{contract.source}: action: type: commands of type {kind} can be read from recordings, '
        f'but not be sent; those that can: {", ".join(made)}'
    )


def command_reader(contract: Contract, kind: str | None = None) -> CommandReader:
    """As :func:`command_codec`, for types whose commands can only be read, too."""
    kind = kind or contract.action.type
    return _built(_class_for(contract, kind), contract, kind)


def _class_for(contract: Contract, kind: str) -> type[CommandReader]:
    found = _readers()
    if kind not in found:
        raise ContractError(
            f'{contract.source}: action: type: commands of type {kind} cannot be read; those that '
            f'can: {", ".join(found)}'
        )
    field = contract.action.field
    if field is not None and kind == contract.action.type:
        _check_field(contract, field, found[kind])
    return found[kind]


_Reader = TypeVar('_Reader', bound=CommandReader)


def _built(reader: type[_Reader], contract: Contract, kind: str) -> _Reader:
    try:
        return reader(contract.action, kind)
    except ContractError as error:
        raise ContractError(f'{contract.source}: action: {error}') from None


def _check_field(contract: Contract, field: str, reader: type[CommandReader]) -> None:
    where = f'{contract.source}: action'
    if not reader.fields:
        raise ContractError(
            f'{where}: field: a {contract.action.type} has no fields to choose from; expected no '
            f'field, found {field!r}'
        )
    if field not in reader.fields:
        raise ContractError(f'{where}: {unknown("field", field, reader.fields)}')


@cache
def _readers() -> dict[str, type[CommandReader]]:
    """Message type → its class, from every module of this package.

    Raises:
        ContractError: a module cannot be imported, a class has no tuple of types, or two classes
            have the same type.
    """
    found: dict[str, type[CommandReader]] = {}
    package = sys.modules[__name__]
    for _, module in modules_of(package, 'a type of command', ContractError):
        for one in vars(module).values():
            if not isinstance(one, type) or not issubclass(one, CommandReader):
                continue
            if one.__module__ != module.__name__ or isabstract(one):
                continue
            for kind in _types_of(one):
                if kind in found:
                    raise ContractError(
                        f'{_place(one)}: types: {kind} belongs to {_place(found[kind])} already'
                    )
                found[kind] = one
    return dict(sorted(found.items()))


def _types_of(one: type[CommandReader]) -> tuple[str, ...]:
    types: object = one.types
    if isinstance(types, tuple) and types and all(isinstance(kind, str) for kind in types):
        return types
    raise ContractError(
        f'{_place(one)}: types: expected a tuple of message types, such as '
        f"('std_msgs/msg/Float64MultiArray',), found {types!r}"
    )


def _place(one: type) -> str:
    return f'{one.__module__}.{one.__qualname__}'
