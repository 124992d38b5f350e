"""Recorded commands: which one answers an observation, and what the robot was told at the time."""

import itertools
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.merging import sensed
from liquid_control.bags.names import recorded_name
from liquid_control.bags.refused import Refused
from liquid_control.control.contract import Contract
from liquid_control.control.observe import NO_VALUE, TermAccess, stamp_ns
from liquid_control.control.term import Term
from liquid_control.control.topics import answered_stamp

_WINDOW = 2000
_JOINT_STATE = 'sensor_msgs/msg/JointState'
_FIELDS = {'rad': 'position', 'm': 'position', 'rad/s': 'velocity', 'm/s': 'velocity',
           'N·m': 'effort', 'N': 'effort'}  # fmt: skip


class Told(NamedTuple):
    """What the robot was told in response to an observation.

    Attributes:
        command: (m,) float32; None if none is known.
        answers: whether it answers this very observation, rather than being held from earlier.
    """

    command: np.ndarray | None
    answers: bool


NOTHING = Told(None, False)
"""The value when no command is known."""


class StampedCommands:
    """Commands that name no observation, but have a stamp and the names of their joints.

    An observation is answered by the first command stamped no earlier than it and less than one
    period later; for the others, the last command holds.

    Args:
        bag: the recording.
        robot: contract whose action is a JointState; its unit says which field holds the command:
            position, velocity or effort.
        observed: contract topic → topic in the bag, where they differ.

    Attributes:
        any: whether there are such commands at all.
        required: whether to leave out an observation without an answer.
    """

    required = False

    def __init__(self, bag: Bag, robot: Contract, observed: dict[str, str]):
        action, self._period = robot.action, robot.period_ns
        fields = {_FIELDS.get(unit) for unit in action.units}
        topic = recorded_name(action.topic, observed)
        tally = bag.tallies.get(topic)
        self.any = (
            action.type == _JOINT_STATE and len(fields) == 1 and None not in fields
            and tally is not None and tally.types == {_JOINT_STATE} and tally.source == 'header'
        )  # fmt: skip
        self._source: Iterator[tuple[int, np.ndarray]] = iter(())
        if self.any:
            term = Term('command', action.topic, action.type, fields.pop(), action.joints,
                        action.units)  # fmt: skip
            self._source = _stamped(bag, replace(robot, terms=(term,)), observed)
        self._last: np.ndarray | None = None
        self._next = next(self._source, None)

    def take(self, observed_ns: int, now_ns: int) -> Told:
        """Return what the robot was told at the observation with this stamp.

        Args:
            observed_ns: stamp of the observation.
            now_ns: the latest stamp so far, which must not decrease from call to call; an
                observation far ahead of it has the last command, and no answer.
        """
        if observed_ns > now_ns:
            return Told(self._last, False)
        while self._next is not None and self._next[0] < observed_ns:
            self._advance()
        if self._next is None or self._next[0] - observed_ns >= self._period:
            return Told(self._last, False)
        return Told(self._next[1], True)

    def _advance(self) -> None:
        self._last, self._next = self._next[1], next(self._source, None)


class LabelledCommands:
    """Commands that name the observation they answer, as this package's own do.

    They are read ahead as far as they may be out of order.

    Commands that name no observation, or 0 as a stop does, are left out. So are those that no robot
    would obey, see :func:`unfit`; these are counted. Two thousand commands are held around the one
    that answers the present observation; earlier ones are discarded.

    Attributes:
        any: whether the topic has any command that names its observation.
        required: whether to leave out an observation without an answer.
    """

    required = True

    def __init__(self, bag: Bag, robot: Contract, observed: dict[str, str]):
        topic = recorded_name(robot.action.topic, observed)
        self._size = robot.action_size
        self._source = self._labelled(bag, topic)
        self._order: deque[int] = deque()
        self._found: dict[int, deque[np.ndarray]] = {}
        self._read_on()
        self.any = bool(self._order)

    def take(self, observed_ns: int, now_ns: int) -> Told:
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
        return Told(waiting.popleft(), True) if waiting else NOTHING

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

    def _labelled(self, bag: Bag, topic: str) -> Iterator[tuple[int, np.ndarray]]:
        # Commands of a type that cannot name an observation are not read to the end.
        able = itertools.takewhile(lambda message: hasattr(message, 'layout'), bag.messages(topic))
        labelled = ((stamp, message.data) for message in able if (stamp := answered_stamp(message)))
        used, refused = yield from _obeyed(bag, topic, self._size, labelled)
        if refused and not used:
            raise BagError(
                f'{bag.path}: {topic}: not one of {refused.total()} commands can be used: '
                f'the first {next(iter(refused))[1]}'
            )


def unfit(command: np.ndarray, size: int) -> str | None:
    """Why a robot with ``size`` joints would not obey a command; None if it would."""
    if command.shape != (size,):
        return f'has {command.size} values for {size} joints'
    if not (np.abs(command) < NO_VALUE).all():
        return 'holds a value that is not finite, or says "no value" (2.146e9)'
    return None


def _obeyed(
    bag: Bag, topic: str, size: int, commands: Iterable[tuple[int, Any]]
) -> Generator[tuple[int, np.ndarray], None, tuple[int, Counter[tuple[str, str]]]]:
    """Yield (stamp, command) of those that are fit, and leave the others out, counted.

    Returns:
        How many were fit, and how many not, by topic and reason.
    """
    used, refused = 0, Refused()
    for stamp, values in commands:
        command = np.asarray(values, dtype=np.float32)
        why = unfit(command, size)
        if why is None:
            used += 1
            yield stamp, command
        else:
            refused.count(topic, why)
    bag.leave_out(refused)
    return used, refused


def recorded_commands(
    bag: Bag, robot: Contract, observed: dict[str, str]
) -> LabelledCommands | StampedCommands:
    """Return a recording's commands, by the observations they name, or else by their stamps."""
    labelled = LabelledCommands(bag, robot, observed)
    return labelled if labelled.any else StampedCommands(bag, robot, observed)


def _stamped(
    bag: Bag, commands: Contract, observed: dict[str, str]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (stamp, command) of the commands with a finite number for each joint."""
    term = commands.terms[0]
    access, topic = TermAccess(term), recorded_name(term.topic, observed)
    stamped = (
        (stamp_ns(message), access.read(message)) for _, message in sensed(bag, commands, observed)
    )
    yield from _obeyed(bag, topic, len(term.channels), stamped)
