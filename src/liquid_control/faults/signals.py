"""What faults act on: the readings of a topic, or the commands."""

import itertools
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.observe import no_value
from liquid_control.control.schema import unknown
from liquid_control.control.term import Term
from liquid_control.faults.settings import FaultError


@dataclass(frozen=True)
class Signal:
    """The n channels of one topic.

    Attributes:
        scale: unit of each channel, (n,).
        name: name of the topic.
        terms: index of each term among those of the topic, and the channels that it has.
        no_value: the number with which each channel says that it has no value, (n,).
        channels: names of each channel, by any of which it can be named, n tuples.
        period_ns: nominal distance of two samples in ns; 0 where it is not known.
    """

    scale: np.ndarray
    name: str = ''
    terms: tuple[tuple[int, slice], ...] = ((0, slice(None)),)
    no_value: np.ndarray | None = None
    channels: tuple[tuple[str, ...], ...] = ()
    period_ns: int = 0

    def named(self, pattern: str) -> np.ndarray:
        """Which channels have a name that matches a pattern, (n,) bool.

        Args:
            pattern: name of a term, such as ``joint_velocity``, of a joint, or of a channel, such
                as ``thigh_joint.position``; ``*`` stands for any characters.
        """
        return np.array(
            [any(fnmatchcase(name, pattern) for name in each) for each in self.channels]
        )


def sensed_terms(
    robot: Contract, asked: Container[str] | None = None
) -> dict[str, list[tuple[int, Term]]]:
    """Topic → the terms that sensors bring, each with its index among all terms of the topic.

    Args:
        robot: complete contract of the robot.
        asked: names of the terms; by default all.
    """
    by_topic: dict[str, list[tuple[int, Term]]] = {}
    positions: Counter[str] = Counter()
    for term in robot.sensed:
        position = positions[term.topic]
        positions[term.topic] += 1
        if not term.hold and (asked is None or term.name in asked):
            by_topic.setdefault(term.topic, []).append((position, term))
    return by_topic


def sensor_signals(
    robot: Contract, asked: Container[str] | None = None, scaled: bool = True
) -> dict[str, Signal]:
    """Topic → its channels, in the order of :func:`sensed_terms`.

    Args:
        robot: complete contract of the robot.
        asked: names of the terms; by default all.
        scaled: whether the unit of each channel is needed; otherwise it may be missing, NaN then.

    Raises:
        FaultError: a unit is needed, but a channel has no ``std`` in the contract.
    """
    signals = {}
    for topic, terms in sensed_terms(robot, asked).items():
        for _, term in terms:
            if scaled and term.std is None:
                raise FaultError(
                    f'{robot.source}: {term.name}: std is missing: it is the unit of this fault'
                )
        widths = [len(term.channels) for _, term in terms]
        cuts = itertools.pairwise(np.cumsum([0, *widths]).tolist())
        signals[topic] = Signal(
            scale=np.concatenate(
                [term.std or np.full(len(term.channels), np.nan) for _, term in terms]
            ),
            name=topic,
            terms=tuple(
                (position, slice(*cut)) for (position, _), cut in zip(terms, cuts, strict=True)
            ),
            no_value=np.repeat([no_value(term.field) for _, term in terms], widths),
            channels=tuple(names for _, term in terms for names in _channel_names(term)),
            period_ns=robot.period_ns,
        )
    return signals


def _channel_names(term: Term) -> list[tuple[str, ...]]:
    """The names by which each channel of a term can be named."""
    return [
        (term.name, channel, full)
        for channel, full in zip(term.channels, term.channel_names, strict=True)
    ]


def check_channels(robot: Contract, named: Iterable[tuple[str, str | None]]) -> None:
    """Refuse patterns that match no channel of a robot's sensors, see :meth:`Signal.named`.

    Args:
        robot: complete contract of the robot.
        named: name and pattern of each fault; None: it acts on all channels.

    Raises:
        FaultError: one matches none; the message names the nearest channel.
    """
    known = [
        names
        for terms in sensed_terms(robot).values()
        for _, term in terms
        for names in _channel_names(term)
    ]
    for fault, pattern in named:
        if pattern is None or any(fnmatchcase(name, pattern) for names in known for name in names):
            continue
        every = dict.fromkeys(name for names in known for name in (names[0], names[-1]))
        raise FaultError(f'{fault}: on: {unknown("channel", pattern, every)}')
