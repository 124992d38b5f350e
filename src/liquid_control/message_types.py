"""What is known of message types: from ROS packages that are installed, or from rosbags.

Nothing here imports rclpy; the packages of messages alone say which fields a message has.
"""

import importlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.fields import BYTES, MESSAGE, NUMBER, TEXT, Field, check_terms
from liquid_control.control.schema import unknown

_DISTRO = 'ROS2_KILTED'
_PYTHON = re.compile(r'(?:sequence<(?P<item>.*?)(?:, \d+)?>|(?P<plain>[^\[]*?)(?P<array>\[\d+\])?)')
_NAMES = {'double': 'float64', 'float': 'float32', 'boolean': 'bool'}


def require_fields(contract: Contract, live: bool = False) -> list[str]:
    """Check the field paths of a contract against the message types that are known here.

    Args:
        contract: what is read, and the type of the command.
        live: whether messages are to be read from a graph: then every type must be installed, and
            those of readings must have a header.

    Returns:
        The types of packages that are not known here, which could not be checked.

    Raises:
        ContractError: a field or a type is wrong; topic, field and type are named.
    """
    skipped = check_terms(contract, known, stamped=live)
    topics = {**contract.topics, contract.action.topic: contract.action.type}
    for topic, kind in topics.items():
        if known(kind) is not None:
            continue
        package, _, name = kind.partition('/msg/')
        others = _types_of(package)
        if others:
            raise ContractError(
                f'{contract.source}: topic {topic}: {package}: {unknown("type", name, others)}'
            )
        if live:
            raise ContractError(
                f'{contract.source}: topic {topic}: {kind} is not installed here: expected a '
                f'sourced workspace with the package {package}'
            )
    return skipped


def known(kind: str) -> Mapping[str, Field] | None:
    """Fields of a message type that is installed or that rosbags knows; None for others."""
    return installed(kind) or standard(kind)


@cache
def installed(kind: str) -> Mapping[str, Field] | None:
    """Fields of a message type whose ROS package is installed."""
    package, _, name = kind.partition('/msg/')
    try:
        described = getattr(importlib.import_module(f'{package}.msg'), name)
        fields = described.get_fields_and_field_types()
    except (ImportError, AttributeError, ValueError):
        return None
    return {field: _of_python(text) for field, text in fields.items()}


@cache
def standard(kind: str) -> Mapping[str, Field] | None:
    """Fields of a message type of a ROS 2 distribution, from rosbags."""
    definitions = _store().fielddefs
    return of_rosbags(definitions[kind][1]) if kind in definitions else None


def of_rosbags(fields: Iterable[tuple[str, Any]]) -> Mapping[str, Field] | None:
    """Fields as rosbags describes them; None if there are none."""
    return {name: _of_node(node) for name, node in fields} or None


@cache
def _store() -> Any:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores[_DISTRO])


def _types_of(package: str) -> list[str]:
    start = f'{package}/msg/'
    return [kind.removeprefix(start) for kind in _store().fielddefs if kind.startswith(start)]


def _of_node(node: Any) -> Field:
    from rosbags.interfaces import Nodetype

    kind, value = node
    if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        return _of_node(value[0])._replace(many=True)
    if kind == Nodetype.NAME:
        return Field(MESSAGE, value)
    return _base(value[0])


def _of_python(text: str) -> Field:
    """A field as a generated Python class describes it, for example ``sequence<double>``."""
    found = _PYTHON.fullmatch(text)
    if found is None:  # a bounded string
        return _base(text)
    name = found['item'] or found['plain']
    many = found['item'] is not None or found['array'] is not None
    if '/' in name:
        package, _, kind = name.rpartition('/')
        return Field(MESSAGE, f'{package.removesuffix("/msg")}/msg/{kind}', many)
    return _base(name)._replace(many=many)


def _base(name: str) -> Field:
    if name.startswith(('string', 'wstring')):
        return Field(TEXT, 'string')
    if name in ('octet', 'byte'):
        return Field(BYTES, 'byte')
    return Field(NUMBER, _NAMES.get(name, name))
