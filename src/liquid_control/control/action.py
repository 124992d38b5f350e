"""The action of a contract: what the robot accepts, joint by joint."""

from dataclasses import dataclass
from typing import Any

from liquid_control.control.schema import Section
from liquid_control.control.term import ContractError, topic_of, type_of, units_of


@dataclass(frozen=True)
class Action:
    """What the robot accepts: one command per joint, in this order, within these limits.

    ``slew`` is the largest change per second, or None for no limit; ``safe`` is the command to
    send when the robot must be stopped; ``field`` is the field of the message that holds the
    values, or None where the type or the unit tells it.
    """

    topic: str
    type: str
    joints: tuple[str, ...]
    units: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    safe: tuple[float, ...]
    slew: tuple[float, ...] | None = None
    field: str | None = None

    @classmethod
    def parse(cls, data: Any, where: str) -> 'Action':
        section = Section(data, where, ContractError)
        topic, kind = topic_of(section), type_of(section)
        joints = section.texts('joints')
        count = len(joints)
        action = cls(
            topic=topic,
            type=kind,
            joints=joints,
            units=units_of(section, count),
            lower=section.numbers('lower', count),
            upper=section.numbers('upper', count),
            safe=section.numbers('safe', count),
            slew=section.numbers('slew', count, above=0.0) if 'slew' in section else None,
            field=section.text('field') if 'field' in section else None,
        )
        section.done()
        bounds = zip(joints, action.lower, action.safe, action.upper, strict=True)
        for joint, lower, safe, upper in bounds:
            if not lower <= safe <= upper or lower == upper:
                raise ContractError(
                    f'{where}: {joint}: expected lower <= safe <= upper and lower < upper, '
                    f'found {lower:g}, {safe:g}, {upper:g}'
                )
        return action

    def to_dict(self) -> dict:
        data = {
            'topic': self.topic,
            'type': self.type,
            'joints': list(self.joints),
            'unit': list(self.units),
            'lower': list(self.lower),
            'upper': list(self.upper),
            'safe': list(self.safe),
        }
        if self.slew is not None:
            data['slew'] = list(self.slew)
        if self.field is not None:
            data['field'] = self.field
        return data
