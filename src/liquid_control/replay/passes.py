"""Play a recording, read once, to several policies at once, with the same code as live."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import LabelledCommands, StampedCommands, recorded_commands
from liquid_control.bags.merging import merged, require_one_run
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.observe import Observer
from liquid_control.faults import Fault, FaultInjector, SensorFault, require_kinds


class Listener(Protocol):
    """What a recording is played to: a policy, and what is kept of its output.

    Attributes:
        contract: what the policy asks of the robot.
    """

    contract: Contract

    def step(
        self, stamp_ns: int, observation: np.ndarray, sent: np.ndarray | None, answers: bool
    ) -> None:
        """Take in one observation.

        Args:
            stamp_ns: its stamp.
            observation: sensed values (p,).
            sent: what the robot was told in response, (m,); None if not known.
            answers: whether that answers this very observation, and so is to be compared.
        """

    def unanswered(self, stamp_ns: int, observation: np.ndarray) -> None:
        """An observation that no command answers, where only answered ones reach a policy."""

    def end(self) -> Any:
        """The recording is over."""


@dataclass
class PassSummary:
    """What a pass over a recording summary.

    Attributes:
        first, last: stamps of the first and last complete observation in ns; None if none.
        observations: number of complete observations, of the policies that had the most.
        answered: number of those answered by a recorded command; None if no commands were recorded.
        not_compared: why none of the recorded commands can be compared; empty if some were, or if
            none were recorded.
        lost: number of messages withheld by an injected fault.
        silences: times when a topic fell silent for longer than the contract's ``max_gap`` while
            others went on: topic, since (ns), until (ns; None: to the end).
    """

    first: int | None = None
    last: int | None = None
    observations: int = 0
    answered: int | None = None
    not_compared: str = ''
    lost: int = 0
    silences: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Group:
    """Policies that sense the same values, behind one observer."""

    contract: Contract
    observer: Observer
    commands: LabelledCommands | StampedCommands
    injector: FaultInjector
    listeners: list[Listener]
    observations: int = 0
    answered: int = 0

    def take(self, now: int, topic: str, message: Any) -> int | None:
        """Take in a message; return the stamp of the observation that it completes."""
        complete = self.observer.update(topic, message)
        if complete is None:
            return None
        stamp, values = complete
        # A fault may have made the stamp wrong only now, or already when this was recorded.
        before = self.injector.sent_ns(next(iter(self.contract.topics)), stamp)
        sent, answers = self.commands.take(before, now)
        if not answers and before != stamp:
            sent, answers = self.commands.take(stamp, now)
        self.observations += 1
        self.answered += answers
        for listener in self.listeners:
            if self.commands.required and not answers:
                listener.unanswered(stamp, values)
            else:
                listener.step(stamp, values, sent, answers)
        return stamp


def play(
    bag: Bag,
    listeners: Sequence[Listener],
    robot: Contract,
    observed: dict[str, str] | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
) -> PassSummary:
    """Step policies over a recording, all on the same messages.

    If recorded commands name the observation they answer, policies are played only those that were
    answered; a predictor is played all, as it hears all live. No policy is given less, or other
    noise, because of the others. Each is told the command that was actually sent; if none is known,
    its own is taken as sent.

    Args:
        bag: the recording.
        listeners: listeners for policies that fit the robot.
        robot: contract of the robot.
        observed: contract topic → topic in the bag, where they differ.
        faults: sensor faults, applied to every message.
        seed: seed of the faults.

    Raises:
        BagError: a topic is missing or has the wrong type, or its clock restarts.
        ContractError: the robot's contract has none of the terms that the policies ask for.
        FaultError: a fault is not one of sensors, or the contract lacks a ``std``.
        ObservationError: a message lacks something that the contract asks for.
        ValueError: there are no listeners.
    """
    require_kinds(faults, (SensorFault,), 'a recording')
    observed = observed or {}
    groups = _groups(listeners, bag, robot, observed, faults, seed)
    parts = [group.contract for group in groups]
    asked = union(parts, robot)
    summary, silence = PassSummary(), _Silence(asked)
    require_one_run(bag, asked, observed)
    for now, topic, message, takers in merged(bag, asked, observed, parts):
        silence.take(topic, now)
        for index in takers:
            group = groups[index]
            own = copy.deepcopy(message) if faults and len(takers) > 1 else message
            if not group.injector.apply(topic, own):
                summary.lost += int(index == takers[0])
                continue
            stamp = group.take(now, topic, own)
            if stamp is not None:
                summary.first = stamp if summary.first is None else summary.first
                summary.last = stamp
    for listener in listeners:
        listener.end()
    most = max(groups, key=lambda group: group.observations)
    summary.observations = most.observations
    summary.answered = most.answered if most.commands.any else None
    summary.not_compared = most.commands.why_not
    if summary.answered == 0:
        summary.not_compared = 'no command follows an observation by less than one period'
    summary.silences = silence.end()
    return summary


class _Silence:
    """Notes which topics fall silent while others go on.

    A gap in which all topics are silent is a gap in the recording, which resets the state; here
    it counts as at most half of ``max_gap``.
    """

    def __init__(self, contract: Contract):
        self._longest = round(contract.max_gap * 1e9)
        self._last: dict[str, tuple[int, int]] = {}
        self._silences: list[dict[str, Any]] = []
        self._now, self._active = 0, 0

    def take(self, topic: str, stamp: int) -> None:
        if self._now:
            self._active += min(max(0, stamp - self._now), self._longest // 2)
        self._now = max(self._now, stamp)
        last, active = self._last.get(topic, (stamp, self._active))
        if self._active - active > self._longest:
            self._silences.append({'topic': topic, 'since_ns': last, 'until_ns': stamp})
        self._last[topic] = stamp, self._active

    def end(self) -> list[dict[str, Any]]:
        for topic, (last, active) in self._last.items():
            if self._active - active > self._longest:
                self._silences.append({'topic': topic, 'since_ns': last, 'until_ns': None})
        return self._silences


def _groups(
    listeners: Sequence[Listener],
    bag: Bag,
    robot: Contract,
    observed: dict[str, str],
    faults: Sequence[Fault],
    seed: int,
) -> list[_Group]:
    groups: list[_Group] = []
    for listener in listeners:
        contract = listener.contract
        for group in groups:
            if group.contract.sensed == contract.sensed:
                group.listeners.append(listener)
                break
        else:
            asked = {term.name for term in contract.sensed}
            commands = recorded_commands(bag, robot, observed)
            injector = FaultInjector(robot, faults, seed, asked)
            groups.append(_Group(contract, Observer(contract), commands, injector, [listener]))
    if not groups:
        raise ValueError('no policies to replay')
    return groups


def union(contracts: Sequence[Contract], robot: Contract) -> Contract:
    """Return the robot's contract with the terms that any of the policies asks for."""
    asked = {term.name for contract in contracts for term in contract.sensed}
    terms = tuple(term for term in robot.sensed if term.name in asked)
    if not terms:
        raise ContractError(f'{robot.source}: no term that a policy asks for')
    return replace(robot, terms=terms)
