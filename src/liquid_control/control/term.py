"""Observation terms: a field of a message on a topic, channel by channel, by name."""

from dataclasses import dataclass
from typing import Any

from liquid_control.control.schema import Section

PREVIOUS_ACTION = 'previous_action'
"""The observation term that the runner supplies itself: the command as sent, after the gate."""


class ContractError(ValueError):
    """A contract that cannot be read, or two that do not fit. Its text says what and where."""


@dataclass(frozen=True)
class Term:
    """One observation term: a field of a message on a topic, channel by channel.

    ``channels`` names joints, matched against the message's ``name`` list, or, where
    ``components`` is true, the members of a structured field such as ``angular_velocity``
    (``x``, ``y``, ``z``). The term ``previous_action`` has no topic.

    A term that ``hold``s is what the robot is told, not what it does: its last value holds until
    the next one comes, no observation waits for it, no sensor fault touches it, and over horizons
    it is taken as recorded.
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

    @property
    def sensed(self) -> bool:
        """Whether the term is read from a message."""
        return self.name != PREVIOUS_ACTION

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Full names, for example ``thigh_joint.position`` or ``imu/data.angular_velocity.x``.

        Where the term holds its own name stands for the field: ``knee.commanded_position`` goes
        beside the ``knee.position`` that is measured.
        """
        if self.hold:
            return tuple(f'{c}.{self.name}' for c in self.channels)
        if self.components:
            return tuple(f'{self.topic}.{self.field}.{c}' for c in self.channels)
        return tuple(f'{c}.{self.field}' for c in self.channels)

    @classmethod
    def parse(
        cls, data: Any, where: str, joints: tuple[str, ...], units: tuple[str, ...]
    ) -> 'Term':
        """One row of ``observation``; the joints and units are those of the action."""
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
            topic=section.text('topic'),
            type=section.text('type'),
            field=section.text('field'),
            channels=channels,
            units=units_of(section, len(channels)),
            components=components,
            clip=_clip(section),
            std=section.numbers('std', len(channels), above=0.0) if 'std' in section else None,
            hold=section.flag('hold'),
        )
        section.done()
        return term

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
        return data


def units_of(section: Section, count: int) -> tuple[str, ...]:
    """The ``unit`` of ``count`` channels: one for all, or a list."""
    value = section.require('unit')
    units = [value] * count if isinstance(value, str) else value
    if not isinstance(units, list) or not all(isinstance(u, str) and u for u in units):
        raise section.fail('unit', value, 'a unit, or a list of them')
    if len(units) != count:
        raise section.fail('unit', value, f'one unit, or {count}')
    return tuple(units)


def _clip(section: Section) -> tuple[float, float] | None:
    if 'clip' not in section:
        return None
    lower, upper = section.numbers('clip', 2)
    if not lower < upper:
        raise section.fail('clip', [lower, upper], '[lower, upper] with lower < upper')
    return lower, upper
