"""Messages that hold what a contract asks for, with every value 0."""

import array
import re
from functools import reduce
from typing import Any

from liquid_control.control.contract import Contract
from liquid_control.nodes.wire import message_type


def sample_message(contract: Contract, topic: str) -> Any:
    """A message of one of a contract's topics that has every field and name the contract reads.

    Raises:
        ValueError: the type is not installed, or lacks a field.
    """
    kind = contract.topics[topic]
    message = message_type(kind)()
    terms = [term for term in contract.sensed if term.topic == topic and not term.components]
    names = list(dict.fromkeys(name for t in terms for name in t.order or t.channels))
    try:
        for term in terms:
            if term.order is None:
                _fill(message, term.names, names)
            _fill(message, term.field, [0.0] * len(names))
    except (AttributeError, KeyError) as error:
        raise ValueError(f'{contract.source}: {topic}, {kind}: {error}') from None
    return message


def _fill(message: Any, path: str, values: list) -> None:
    """Set a list of values at a field path, or one in each item of a list of messages."""
    items, _, item = path.partition('[].')
    *parents, last = items.split('.')
    owner = reduce(getattr, parents, message)
    found = getattr(owner, last)
    if item:
        if len(found) < len(values):
            setattr(owner, last, [_item_type(owner, last)() for _ in values])
        for one, value in zip(getattr(owner, last), values, strict=False):
            *parents, name = item.split('.')
            setattr(reduce(getattr, parents, one), name, value)
    elif isinstance(found, array.array):
        setattr(owner, last, type(found)(found.typecode, values))
    elif isinstance(found, list):
        setattr(owner, last, values)


def _item_type(owner: Any, name: str) -> Any:
    """The class of the items of a list of messages: ``sequence<package/Type>``."""
    text = type(owner).get_fields_and_field_types()[name]
    ((package, kind), *_) = re.findall(r'(\w+)/(\w+)', text)
    return message_type(f'{package}/msg/{kind}')
