"""Recorded commands: which one answers an observation, and which is in force at the time."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from liquid_control.bags.answering import answering_reader
from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.merging import require_one_clock
from liquid_control.bags.names import looks_commanded, recorded_name
from liquid_control.bags.refused import Refused
from liquid_control.control.commands import CommandError, command_reader
from liquid_control.control.contract import Action, Contract
from liquid_control.control.observe import NO_SPEED, NO_VALUE
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import is_own

_WINDOW = 2000


class RecordedCommand(NamedTuple):
    """The command in force at an observation.

    Attributes:
        command: (m,) float32; None if none is known.
        answers: whether it answers this very observation, rather than being held from earlier.
    """

    command: np.ndarray | None
    answers: bool


NOTHING = RecordedCommand(None, False)
"""The value when no command is known."""


class StampedCommands:
    """Commands that name no observation, ordered by their header stamps or when they were received.

    An observation is answered by the first command stamped no earlier than it and less than one
    period later; for the others, the last command holds.

    Args:
        bag: the recording.
        robot: contract; its action says how a command is read, see :func:`command_reader`.
        observed: contract topic → topic in the bag, where they differ.

    Attributes:
        any: whether there are such commands at all.
        required: whether to leave out an observation without an answer.
        why_not: why recorded commands cannot be compared; empty if they can, or if there are none.
    """

    required = False

    def __init__(self, bag: Bag, robot: Contract, observed: dict[str, str]):
        self._period = robot.period_ns
        topic = recorded_name(robot.action.topic, observed)
        self._source: Iterator[tuple[int, np.ndarray]] = iter(())
        self.why_not, self.any = '', topic in bag.tallies
        if self.any:
            try:
                self._source = _stamped(bag, robot, topic, observed)
            except ValueError as error:
                self.why_not, self.any = str(error), False
        else:
            self.why_not = _elsewhere(bag, robot, observed)
        self._last: np.ndarray | None = None
        self._next = next(self._source, None)
        if self.any and self._next is None:
            reasons = [why for name, why in bag.left_out if name == topic]
            first = f': they are left out, because each {reasons[0]}' if reasons else ''
            self.any, self.why_not = False, f'no message on {topic} can be used{first}'

    def take(self, observed_ns: int, now_ns: int) -> RecordedCommand:
        """Return the command in force at the observation with this stamp.

        Args:
            observed_ns: stamp of the observation.
            now_ns: the latest stamp so far, which must not decrease from call to call; an
                observation far ahead of it has the last command, and no answer.
        """
        if observed_ns > now_ns:
            return RecordedCommand(self._last, False)
        while self._next is not None and self._next[0] < observed_ns:
            self._last, self._next = self._next[1], next(self._source, None)
        if self._next is None or self._next[0] - observed_ns >= self._period:
            return RecordedCommand(self._last, False)
        return RecordedCommand(self._next[1], True)


class LabelledCommands:
    """Commands that name the observation they answer, as this package's own do: by a label, or by
    a header's stamp, see :func:`answering_reader`.

    They are read ahead as far as they may be out of order.

    Commands that name no observation, or 0 as a stop does, are left out. So are those that no robot
    would obey, see :func:`unfit`; these are counted. Two thousand commands are held around the one
    that answers the present observation; earlier ones are discarded.

    Attributes:
        any: whether the topic has any command that names its observation.
        required: whether to leave out an observation without an answer.
    """

    required, why_not = True, ''

    def __init__(self, bag: Bag, robot: Contract, observed: dict[str, str]):
        self._action = robot.action
        self._source = self._answers(bag, robot, observed)
        self._order: deque[int] = deque()
        self._found: dict[int, deque[np.ndarray]] = {}
        self._read_on()
        self.any = bool(self._order)

    def take(self, observed_ns: int, now_ns: int) -> RecordedCommand:
        """The next command for an observation; none where there is none, or none left.

        Args:
            observed_ns: stamp of the observation.
            now_ns: the latest stamp so far, without single ones that are far ahead.
        """
        while len(self._order) == _WINDOW and self._middle() < now_ns:
            for _ in range(_WINDOW // 4):
                self._found.pop(self._order.popleft(), None)
            self._read_on()
        waiting = self._found.get(observed_ns)
        return RecordedCommand(waiting.popleft(), True) if waiting else NOTHING

    def _middle(self) -> int:
        """The stamp in the middle of the window, whatever single ones there are far off."""
        near = itertools.islice(self._order, _WINDOW // 2 - 2, _WINDOW // 2 + 3)
        return sorted(near)[2]

    def _read_on(self) -> None:
        while len(self._order) < _WINDOW:
            found = next(self._source, None)
            if found is None:
                return
            stamp, command = found
            self._order.append(stamp)
            self._found.setdefault(stamp, deque()).append(command)

    def _answers(
        self, bag: Bag, robot: Contract, observed: dict[str, str]
    ) -> Iterator[tuple[int, np.ndarray]]:
        reader = answering_reader(bag, robot, observed)
        if reader is None:
            return
        topic = recorded_name(robot.action.topic, observed)
        used, refused = 0, Refused()

        def commands() -> Iterator[tuple[int, list[float]]]:
            for message in bag.messages(topic):
                if message.__msgtype__ != reader.kind:
                    refused.count(topic, f'has type {message.__msgtype__}, not {reader.kind}')
                elif stamp := reader.answered(message):
                    try:
                        yield stamp, reader.values(message)
                    except CommandError as error:
                        refused.count(topic, str(error))

        for found in _obeyed(bag, topic, self._action, commands(), refused):
            used += 1
            yield found
        if refused and not used:
            raise BagError(
                f'{bag.path}: {topic}: not one of {refused.total()} commands can be used: '
                f'the first {next(iter(refused))[1]}'
            )


def unfit(command: np.ndarray, action: Action) -> str | None:
    """Why a robot would not obey a command; None if it would."""
    speeds = np.array([unit.endswith('/s') for unit in action.units])
    marked = speeds & (command == NO_SPEED)
    if marked.any() or not (np.abs(command) < NO_VALUE).all():
        return 'holds a value that is not finite, or says "no value" (2.146e9, 16000 for a speed)'
    return None


def _obeyed(
    bag: Bag, topic: str, action: Action, commands: Iterable[tuple[int, Any]], refused: Refused
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (stamp, command) of those that are fit; count the others in ``refused``."""
    for stamp, values in commands:
        command = np.asarray(values, dtype=np.float32)
        why = unfit(command, action)
        if why is None:
            yield stamp, command
        else:
            refused.count(topic, why)
    bag.leave_out(refused)


def recorded_commands(
    bag: Bag, robot: Contract, observed: dict[str, str]
) -> LabelledCommands | StampedCommands:
    """Return a recording's commands, by the observations they name, or else by their stamps."""
    labelled = LabelledCommands(bag, robot, observed)
    return labelled if labelled.any else StampedCommands(bag, robot, observed)


def _stamped(
    bag: Bag, robot: Contract, topic: str, observed: dict[str, str]
) -> Iterator[tuple[int, np.ndarray]]:
    """Return an iterator over (stamp, command) of the commands that a robot would obey.

    Raises:
        ValueError: they cannot be read, or not be put in one order with the observations.
    """
    action = robot.action
    if action.type not in bag.tallies[topic].types:
        raise ValueError(f'{topic} has type {bag.types[topic]}, the contract says {action.type}')
    reader = command_reader(robot)
    if not bag.known(topic):
        raise ValueError(f'{topic}: its messages cannot be decoded')
    pace = recorded_name(next(iter(robot.topics)), observed)
    if pace in bag.tallies:
        require_one_clock(bag, [pace, topic])
    given = bag.tallies[topic].source == 'receive'
    refused = Refused()

    def commands() -> Iterator[tuple[int, list[float]]]:
        for _, _, received, message in bag.decoded([topic]):
            if message.__msgtype__ != action.type:
                refused.count(topic, f'has type {message.__msgtype__}, not {action.type}')
                continue
            stamp = received if given else stamp_ns(message)
            if stamp <= 0:
                refused.count(topic, 'has no stamp, although others have one')
                continue
            if reader.labelled and reader.answered(message) is not None:
                refused.count(topic, 'cannot be used: answers no observation: a stop')
                continue
            try:
                yield stamp, reader.values(message)
            except CommandError as error:
                refused.count(topic, f'cannot be used: {error}')

    return _obeyed(bag, topic, action, commands(), refused)


def _elsewhere(bag: Bag, robot: Contract, observed: dict[str, str]) -> str:
    """Why commands under other names are not compared; empty if nothing looks like commands."""
    sensed = {recorded_name(topic, observed) for topic in robot.topics}
    found = [
        f'{topic} ({kind.rpartition("/")[2]})'
        for topic, kind in sorted(bag.types.items())
        if topic not in sensed and not is_own(topic) and looks_commanded(topic, kind)
    ]
    if not found:
        return ''
    return (
        f'nothing was recorded on {robot.action.topic}, where the contract sends its commands; the '
        f'bag has {", ".join(found)}'
    )
