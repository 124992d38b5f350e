"""Messages without content, of the types that rosbags knows."""

from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys.store import Typestore

_BYTES, _TEXTS = ('byte', 'char', 'octet'), ('string', 'wstring')


def empty_message(store: Typestore, kind: str) -> Any:
    """A message of a type store's type with every number 0, every text and list empty."""
    fields = store.fielddefs[kind][1]
    return store.types[kind](**{name: _empty(store, field) for name, field in fields})


def _empty(store: Typestore, field: Any) -> Any:
    kind, value = field
    if kind == Nodetype.NAME:
        return empty_message(store, value)
    if kind == Nodetype.BASE:
        return _zero(value[0])
    item, length = value
    name = item[1][0]
    if item[0] == Nodetype.BASE and name not in _TEXTS:
        return np.zeros(length, dtype='uint8' if name in _BYTES else name)
    return [_empty(store, item) for _ in range(length)] if kind == Nodetype.ARRAY else []


def _zero(kind: str) -> Any:
    if kind in _TEXTS:
        return ''
    if kind == 'bool':
        return False
    return 0.0 if kind.startswith('float') else 0
