"""Whether a contract's field paths lead to numbers in its message types."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.control.term import ContractError, Term

NUMBER, TEXT, MESSAGE, BYTES = 'number', 'text', 'message', 'bytes'
HEADER = 'std_msgs/msg/Header'


class Field(NamedTuple):
    """One field of a message type.

    Attributes:
        kind: ``NUMBER``, ``TEXT``, ``MESSAGE`` or ``BYTES``, of each item if it is a list.
        type: name of the type, for example ``float64`` or ``geometry_msgs/msg/Vector3``.
        many: whether it is a list, of fixed length or not.
    """

    kind: str
    type: str
    many: bool = False

    def __str__(self) -> str:
        return f'a list of {self.type}' if self.many else f'a {self.type}'


FieldsOf = Callable[[str], Mapping[str, Field] | None]
"""Message type → its fields; None if the type is not known."""


class _UnknownTypeError(Exception):
    """A type on the way is not known, so nothing can be said."""


def check_terms(contract: Contract, fields_of: FieldsOf, stamped: bool = False) -> list[str]:
    """Check every term that is read from a message.

    Args:
        contract: what is read.
        fields_of: what is known of message types.
        stamped: whether a term that does not hold needs a type with a header, as it does live.

    Returns:
        The message types that are not known, whose terms could not be checked.

    Raises:
        ContractError: a field is not there or is of the wrong kind; topic, field and type are
            named.
    """
    skipped: dict[str, None] = {}
    for term in contract.sensed:
        try:
            _check(term, fields_of, f'{contract.source}: observation: {term.name}', stamped)
        except _UnknownTypeError as missing:
            skipped[str(missing)] = None
    return list(skipped)


def _check(term: Term, fields_of: FieldsOf, where: str, stamped: bool) -> None:
    where = f'{where}: topic {term.topic}'
    top = _known(term.type, fields_of)
    if stamped and not term.hold and top.get('header', ('', '', ''))[1] != HEADER:
        raise ContractError(
            f'{where}: a {term.type} has no header, so its readings have no time: expected a type '
            'with a header, or hold: true for what the robot is told'
        )
    field, listed = _walk(term.type, term.field, fields_of, where)
    if term.components:
        if field.kind != MESSAGE or field.many:
            raise _wrong(where, term, term.field, field, 'a message with components')
        for name in term.channels:
            found, _ = _walk(field.type, name, fields_of, f'{where}: {term.type}: {term.field}')
            if found.kind != NUMBER or found.many:
                raise _wrong(where, term, f'{term.field}.{name}', found, 'a number')
        return
    _check_list(term, term.field, field, listed, NUMBER, where)
    if term.order is None:
        names, listed = _walk(term.type, term.names, fields_of, where)
        _check_list(term, term.names, names, listed, TEXT, where)


def _check_list(term: Term, path: str, field: Field, listed: bool, kind: str, where: str) -> None:
    what = {NUMBER: 'numbers', TEXT: 'names'}[kind]
    if listed and field.many:
        raise _wrong(where, term, path, field, f'one of the {what} in each item')
    if field.kind != kind or not (listed or field.many):
        raise _wrong(where, term, path, field, f'a list of {what}')


def _walk(kind: str, path: str, fields_of: FieldsOf, where: str) -> tuple[Field, bool]:
    """The field at the end of a path, and whether the path goes through a list."""
    listed, parts = False, path.split('.')
    for place, part in enumerate(parts):
        name, fields = part.removesuffix('[]'), _known(kind, fields_of)
        if name not in fields:
            raise ContractError(f'{where}: {kind}: {unknown("field", name, fields)}')
        field = fields[name]
        if place == len(parts) - 1:
            return field, listed
        if field.kind != MESSAGE:
            raise ContractError(f'{where}: {kind}: {name} is {field}: it has no {parts[place + 1]}')
        if field.many != part.endswith('[]'):
            wanted = f'{name}[]' if field.many else name
            raise ContractError(
                f'{where}: {kind}: {name} is {field}: expected {wanted} in {path}, found {part}'
            )
        listed, kind = listed or field.many, field.type
    raise AssertionError('a path has at least one part')


def _known(kind: str, fields_of: FieldsOf) -> Mapping[str, Field]:
    fields = fields_of(kind)
    if fields is None:
        raise _UnknownTypeError(kind)
    return fields


def _wrong(where: str, term: Term, path: str, field: Field, expected: str) -> ContractError:
    return ContractError(f'{where}: {term.type}: {path}: expected {expected}, found {field}')
