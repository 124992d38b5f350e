"""A recording, read once, to several policies at once, by the same code as live."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import (
    NOTHING,
    LabelledCommands,
    StampedCommands,
    recorded_commands,
)
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.observe import Observer, stamp_ns
from liquid_control.faults import Fault, FaultInjector


class Listener(Protocol):
    """What a recording is played to: a policy, and what is kept of it.

    Attributes:
        contract: what it asks of the robot.
    """

    contract: Contract

    def step(
        self, stamp_ns: int, observation: np.ndarray, sent: np.ndarray | None, answers: bool
    ) -> None:
        """Take in one observation.

        Args:
            stamp_ns: its stamp.
            observation: sensed values (p,).
            sent: what the robot was told thereupon, (m,); None where that is not known.
            answers: whether that was an answer to this observation, and is to be compared.
        """

    def unanswered(self) -> None:
        """An observation that no command answers, where only answered ones count."""

    def end(self) -> Any:
        """The recording is over."""


@dataclass
class Heard:
    """What a pass over a recording heard.

    Attributes:
        first, last: stamps of the first and the last complete observation in ns; None: none.
        observations: complete ones.
        answered: observations that a recorded command answers; None: no commands were recorded.
        lost: messages that an injected fault withheld.
        silences: a topic that falls silent for longer than the contract's ``max_gap`` while others
            go on: topic, since (ns), until (ns, None: to the end).
    """

    first: int | None = None
    last: int | None = None
    observations: int = 0
    answered: int | None = None
    lost: int = 0
    silences: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Group:
    """Policies that sense the same, behind one observer."""

    contract: Contract
    observer: Observer
    commands: LabelledCommands | StampedCommands
    players: list[Listener]


def play(
    bag: Bag,
    players: Sequence[Listener],
    robot: Contract,
    observed: dict[str, str] | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
) -> Heard:
    """Step policies over a recording, all on the same messages.

    Where recorded commands name the observation that they answer, only observations that were
    answered are played. Each policy is told the command that was really sent; where none is known
    its own is taken as sent.

    Args:
        bag: the recording.
        players: of policies that fit the robot.
        robot: contract of the robot.
        observed: contract topic → topic in the bag, where they differ.
        faults: of the sensors, put into every message.
        seed: of the faults.

    Raises:
        BagError: a topic is missing or has another type, or its clock starts anew.
        ContractError: a fault is there and the contract lacks a ``std``.
        ObservationError: a message does not hold what the contract asks of it.
    """
    observed = observed or {}
    groups = _groups(players, lambda: recorded_commands(bag, robot, observed))
    asked = union([group.contract for group in groups], robot)
    injector = FaultInjector(robot, faults, seed, {term.name for term in asked.sensed})
    heard = Heard(answered=0 if groups[0].commands.any else None)
    silence = _Silence(asked)
    bag.require_one_run(asked, observed)
    for topic, message in bag.observed(asked, observed):
        silence.heard(topic, stamp_ns(message))
        if faults and not injector.apply(topic, message):
            heard.lost += 1
            continue
        for group in groups:
            if topic not in group.contract.topics:
                continue
            complete = group.observer.update(topic, message)
            if complete is None:
                continue
            stamp, values = complete
            heard.first = stamp if heard.first is None else heard.first
            heard.last = stamp
            heard.observations += group is groups[0]
            commands = group.commands
            sent, answers = commands.take(stamp) if commands.any else NOTHING
            if commands.any:
                heard.answered += answers and group is groups[0]
                if commands.required and not answers:
                    for player in group.players:
                        player.unanswered()
                    continue
            for player in group.players:
                player.step(stamp, values, sent, answers)
    for player in players:
        player.end()
    heard.silences = silence.end()
    return heard


class _Silence:
    """Notes which topics fall silent while others go on.

    A gap in which all are silent is one of the recording, and starts memory anew; it counts here
    as half of ``max_gap``.
    """

    def __init__(self, contract: Contract):
        self._longest = round(contract.max_gap * 1e9)
        self._last: dict[str, tuple[int, int]] = {}
        self._found: list[dict[str, Any]] = []
        self._now, self._active = 0, 0

    def heard(self, topic: str, stamp: int) -> None:
        if self._now:
            self._active += min(max(0, stamp - self._now), self._longest // 2)
        self._now = max(self._now, stamp)
        last, active = self._last.get(topic, (stamp, self._active))
        if self._active - active > self._longest:
            self._found.append({'topic': topic, 'since_ns': last, 'until_ns': stamp})
        self._last[topic] = stamp, self._active

    def end(self) -> list[dict[str, Any]]:
        for topic, (last, active) in self._last.items():
            if self._active - active > self._longest:
                self._found.append({'topic': topic, 'since_ns': last, 'until_ns': None})
        return self._found


def _groups(players: Sequence[Listener], commands: Callable[[], Any]) -> list[_Group]:
    groups: list[_Group] = []
    for player in players:
        for group in groups:
            if group.contract.sensed == player.contract.sensed:
                group.players.append(player)
                break
        else:
            contract = player.contract
            groups.append(_Group(contract, Observer(contract), commands(), [player]))
    if not groups:
        raise ValueError('no policies to replay')
    return groups


def union(contracts: Sequence[Contract], robot: Contract) -> Contract:
    """The robot's contract with the terms that any of the policies asks for."""
    asked = {term.name for contract in contracts for term in contract.sensed}
    terms = tuple(term for term in robot.sensed if term.name in asked)
    if not terms:
        raise ContractError(f'{robot.source}: no term that a policy asks for')
    return replace(robot, terms=terms)
