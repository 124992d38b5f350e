"""Observation terms: a field of a message on a topic, channel by channel, by name."""

import re
from dataclasses import dataclass
from typing import Any

from liquid_control.control.schema import Section, unknown
from liquid_control.control.units import canonical, suggestion

PREVIOUS_ACTION = 'previous_action'
"""The observation term that the runner itself supplies: the command as sent, after the gate."""

_TOPIC = re.compile(r'(~/|/)?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
_TYPE = re.compile(r'[A-Za-z]\w*/msg/[A-Z]\w*', re.ASCII)


class ContractError(ValueError):
    """A contract cannot be read, or two do not fit. The message says what and where."""


@dataclass(frozen=True)
class Term:
    """One observation term: a field of a message on a topic, channel by channel.

    ``channels`` names joints, matched against the message's ``name`` list, or, where
    ``components`` is true, the members of a structured field such as ``angular_velocity``
    (``x``, ``y``, ``z``). The term ``previous_action`` has no topic.

    ``names`` is the message field with the list of names, ``name`` unless the contract says
    otherwise; ``order`` gives the name of each value when the message has no names. A field path
    may go through a list of messages: ``motor_state[].q``.

    A term with ``hold`` is what the robot is told, not what it does: its last value holds until
    the next one arrives, no observation waits for it, no sensor fault affects it, and predictions
    over a horizon take it as recorded.
    """

    name: str
    topic: str
    type: str
    field: str
    channels: tuple[str, ...]
    units: tuple[str, ...]
    components: bool = False
    clip: tuple[float, float] | None = None
    std: tuple[float, ...] | None = None
    hold: bool = False
    names: str = 'name'
    order: tuple[str, ...] | None = None

    @property
    def sensed(self) -> bool:
        """Whether the term is read from a message."""
        return self.name != PREVIOUS_ACTION

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Full names, for example ``thigh_joint.position`` or ``imu/data.angular_velocity.x``.

        For a term that holds, its own name replaces the field: ``knee.commanded_position`` stands
        beside the measured ``knee.position``.
        """
        if self.hold:
            return tuple(f'{c}.{self.name}' for c in self.channels)
        if self.components:
            return tuple(f'{self.topic}.{self.field}.{c}' for c in self.channels)
        return tuple(f'{c}.{self.field}' for c in self.channels)

    def std_of(self, channels: tuple[str, ...]) -> tuple[float, ...] | None:
        """``std`` of some of the channels, which the term must have; None if it has none."""
        if self.std is None:
            return None
        std = dict(zip(self.channels, self.std, strict=True))
        return tuple(std[channel] for channel in channels)

    @classmethod
    def parse(
        cls, data: Any, where: str, joints: tuple[str, ...], units: tuple[str, ...]
    ) -> 'Term':
        """Parse one row of ``observation``; ``joints`` and ``units`` are those of the action."""
        section = Section(data, where, ContractError)
        name = section.text('name')
        if name == PREVIOUS_ACTION:
            section.done()
            return cls(name, '', '', 'previous', joints, units)
        if ('joints' in section) == ('components' in section):
            raise ContractError(f'{where} ({name}): expected either joints or components')
        components = 'components' in section
        channels = section.texts('components' if components else 'joints')
        term = cls(
            name=name,
            topic=topic_of(section),
            type=type_of(section),
            field=section.text('field'),
            channels=channels,
            units=units_of(section, len(channels)),
            components=components,
            clip=_clip(section),
            std=section.numbers('std', len(channels), above=0.0) if 'std' in section else None,
            hold=section.flag('hold'),
            names=section.text('names', 'name'),
            order=section.texts('order') if 'order' in section else None,
        )
        section.done()
        term._check(where)
        return term

    def _check(self, where: str) -> None:
        named = self.names != 'name'
        if self.components and (named or self.order or '[]' in self.field):
            raise ContractError(
                f'{where} ({self.name}): components are members of one field: expected joints '
                'with names, order or a list of messages'
            )
        if named and self.order:
            raise ContractError(
                f'{where} ({self.name}): expected either names, a field of the message, or order'
            )
        for path in (self.field, self.names):
            parts = path.split('[].')
            if path.count('[]') > 1 or len(parts) != 1 + path.count('[]') or not all(parts):
                raise ContractError(
                    f'{where} ({self.name}): expected at most one list in a path, as in '
                    f'motor_state[].q, found {path!r}'
                )
        for channel in self.channels:
            if self.order and channel not in self.order:
                raise ContractError(
                    f'{where} ({self.name}): order: {unknown("joint", channel, self.order)}'
                )

    def to_dict(self) -> dict:
        if not self.sensed:
            return {'name': self.name}
        data: dict[str, Any] = {
            'name': self.name,
            'topic': self.topic,
            'type': self.type,
            'field': self.field,
            ('components' if self.components else 'joints'): list(self.channels),
            'unit': list(self.units),
        }
        if self.clip is not None:
            data['clip'] = list(self.clip)
        if self.std is not None:
            data['std'] = list(self.std)
        if self.hold:
            data['hold'] = True
        if self.names != 'name':
            data['names'] = self.names
        if self.order is not None:
            data['order'] = list(self.order)
        return data


def topic_of(section: Section) -> str:
    """Read the ``topic``, a name that ROS allows."""
    topic = section.text('topic')
    if not _TOPIC.fullmatch(topic):
        raise section.fail(
            'topic', topic, 'a ROS name: letters, digits, _ and /, no part that begins with a digit'
        )
    return topic


def type_of(section: Section) -> str:
    """Read the ``type`` of the messages on a topic."""
    kind = section.text('type')
    if not _TYPE.fullmatch(kind):
        package, _, name = kind.rpartition('/')
        meant = f'{package.removesuffix("/msg") or "sensor_msgs"}/msg/{name or "JointState"}'
        raise section.fail('type', kind, f'package/msg/Name, for example {meant}')
    return kind


def units_of(section: Section, count: int) -> tuple[str, ...]:
    """Read the ``unit`` of ``count`` channels, one for all or a list, each in its one spelling."""
    value = section.require('unit')
    units = [value] * count if isinstance(value, str) else value
    if not isinstance(units, list) or not all(isinstance(u, str) and u for u in units):
        raise section.fail('unit', value, 'a unit, or a list of them')
    if len(units) != count:
        raise section.fail('unit', value, f'one unit, or {count}')
    return tuple(_unit(section, text) for text in units)


def _unit(section: Section, text: str) -> str:
    known = canonical(text)
    if known is None:
        near = suggestion(text)
        hint = '' if near is None else f' (did you mean {near}?)'
        raise section.fail(
            'unit', text, f'a unit such as rad, N·m, m/s^2, 1 for none or ? if not known{hint}'
        )
    return known


def _clip(section: Section) -> tuple[float, float] | None:
    if 'clip' not in section:
        return None
    lower, upper = section.numbers('clip', 2)
    if not lower < upper:
        raise section.fail('clip', [lower, upper], '[lower, upper] with lower < upper')
    return lower, upper
