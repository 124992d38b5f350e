"""Whether recorded commands name the observations that they answer."""

import itertools

from liquid_control.bags.bag import Bag
from liquid_control.bags.names import recorded_name
from liquid_control.control.commands import CommandReader, command_reader
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.stamps import stamp_ns

_SAMPLE = 200
"""Commands by which it is decided whether header stamps name observations."""


def answering_reader(bag: Bag, robot: Contract, observed: dict[str, str]) -> CommandReader | None:
    """Return the reader of a recording's commands if they name the observations they answer.

    A label names one. A header's stamp may also be the time at which the command was sent: it names
    an observation if most of the first commands have the stamp of one, and most of the observations
    among them are answered.

    Args:
        bag: the recording.
        robot: contract.
        observed: contract topic → topic in the bag, where they differ.
    """
    topic = recorded_name(robot.action.topic, observed)
    if topic not in bag.types or not bag.known(topic):
        return None
    try:
        reader = command_reader(robot, bag.types[topic])
    except ContractError:
        return None
    if reader.labelled:
        return reader
    if reader.kind != robot.action.type or bag.tallies[topic].source == 'receive':
        return None
    stamps = _first_stamps(bag, topic, reader)
    for sensed, kind in robot.topics.items():
        name = recorded_name(sensed, observed)
        if sensed in robot.held or name == topic:
            continue  # commands as an observation have the stamps of commands
        if bag.types.get(name) == kind and bag.known(name) and _are_stamps_of(stamps, bag, name):
            return reader
    return None


def _first_stamps(bag: Bag, topic: str, reader: CommandReader) -> set[int]:
    """Stamps of a topic's first commands, in ns; 0 is none."""
    commands = (message for message in bag.messages(topic) if message.__msgtype__ == reader.kind)
    stamps = map(reader.answered, itertools.islice(commands, _SAMPLE))
    return {stamp for stamp in stamps if stamp}


def _are_stamps_of(stamps: set[int], bag: Bag, topic: str) -> bool:
    """Whether most stamps are those of messages of a topic, and most messages among them have one.

    Args:
        stamps: stamps of commands, in ns.
        bag: the recording.
        topic: topic of observations.
    """
    if not stamps or bag.tallies[topic].source == 'receive':
        return False
    first, last = min(stamps), max(stamps)
    among = shared = after = 0
    for message in bag.messages(topic):
        stamp = stamp_ns(message)
        if stamp > last:
            after += 1
        elif stamp >= first:
            among += 1
            shared += stamp in stamps
        if after > _SAMPLE:
            break
    return shared > 0 and 2 * shared >= max(among, len(stamps))
