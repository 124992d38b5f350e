"""Contracts: what a robot offers and accepts, and what a policy asks for, by name."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from liquid_control.control.action import Action
from liquid_control.control.schema import Section, unknown
from liquid_control.control.term import PREVIOUS_ACTION, ContractError, Term

FORMAT = 1


class _Loader(yaml.SafeLoader):
    """Refuses duplicate keys, where YAML would silently take the last one."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.MarkedYAMLError(problem=f'duplicate key {key}', problem_mark=mark)
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Contract:
    """Ordered observation terms, action, rate and time limits, all by name.

    A robot's contract says what the robot offers; a bundle carries the part its policy asks for.

    Attributes:
        robot: name of the robot.
        rate: nominal rate of observations and commands in Hz.
        freshness: age in seconds beyond which a sensor reading must not be acted on.
        max_gap: time in seconds between two readings beyond which memory of the first is invalid.
        terms: observation terms in order.
        action: what the robot accepts.
    """

    robot: str
    rate: float
    freshness: float
    max_gap: float
    terms: tuple[Term, ...]
    action: Action
    source: str = field(default='contract', compare=False)

    @classmethod
    def load(cls, path: str | Path) -> 'Contract':
        """Read a contract from a YAML file.

        Raises:
            ContractError: the file cannot be read, or a key, name or value in it is wrong.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ContractError(f'{path}: cannot be read: {error.strerror}') from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, text: str | bytes, source: str = 'contract') -> 'Contract':
        """Build a contract from the text of a YAML file.

        Raises:
            ContractError: it is not YAML, or a key, name or value in it is wrong.
        """
        try:
            data = yaml.load(text.decode() if isinstance(text, bytes) else text, _Loader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ContractError(f'{source}: not YAML: {error}') from error
        return cls.from_dict(data, source)

    @classmethod
    def from_dict(cls, data: Any, source: str = 'contract') -> 'Contract':
        """Build a contract from the mapping that a YAML file or a bundle holds."""
        section = Section(data, source, ContractError)
        version = section.require('format')
        if type(version) is not int or version != FORMAT:
            raise section.fail('format', version, f'{FORMAT}, the only known format')
        action = Action.parse(section.require('action'), f'{source}: action')
        rows = section.require('observation')
        if not isinstance(rows, list) or not rows:
            raise section.fail('observation', rows, 'a list of terms')
        terms = tuple(
            Term.parse(row, f'{source}: observation[{index}]', action.joints, action.units)
            for index, row in enumerate(rows)
        )
        contract = cls(
            robot=section.text('robot'),
            rate=section.number('rate', low=1e-3, high=1e6),
            freshness=section.number('freshness', low=1e-6, high=1e6),
            max_gap=section.number('max_gap', low=1e-6, high=1e6),
            terms=terms,
            action=action,
            source=source,
        )
        section.done()
        if contract.max_gap * contract.rate < 1.0:
            raise section.fail(
                'max_gap', contract.max_gap, f'at least one period, {1.0 / contract.rate:g} s'
            )
        contract._check_terms()
        for term in contract.sensed:
            if not term.hold and term.topic.lstrip('/') == action.topic.lstrip('/'):
                raise ContractError(
                    f'{source}: action: topic: expected a topic that is not sensed, found '
                    f'{term.topic}, which {term.name} reads; a term that reads commands needs '
                    'hold: true'
                )
        return contract

    def _check_terms(self) -> None:
        names = [term.name for term in self.terms]
        for name in names:
            if names.count(name) > 1:
                raise ContractError(f'{self.source}: observation: duplicate term {name}')
        if not any(term.sensed for term in self.terms):
            raise ContractError(f'{self.source}: observation: no term is read from a topic')
        if self.sensed[0].hold:
            raise ContractError(
                f'{self.source}: observation: {self.sensed[0].name} holds, so it cannot come '
                'first: the first term sets the pace'
            )
        types: dict[str, str] = {}
        holds: dict[str, bool] = {}
        channels: dict[str, str] = {}
        for term in self.sensed:
            for channel in term.channel_names:
                if channel in channels:
                    raise ContractError(
                        f'{self.source}: observation: {channel} is in {channels[channel]} '
                        f'and in {term.name}'
                    )
                channels[channel] = term.name
        for term in self.sensed:
            if holds.setdefault(term.topic, term.hold) != term.hold:
                raise ContractError(
                    f'{self.source}: observation: {term.name}: topic {term.topic} holds in one '
                    'term and not in another'
                )
            if types.setdefault(term.topic, term.type) != term.type:
                raise ContractError(
                    f'{self.source}: observation: {term.name}: topic {term.topic} has type '
                    f'{types[term.topic]} in an earlier term, {term.type} here'
                )

    def to_dict(self) -> dict:
        """Return the mapping from which :meth:`from_dict` builds an equal contract."""
        return {
            'format': FORMAT,
            'robot': self.robot,
            'rate': self.rate,
            'freshness': self.freshness,
            'max_gap': self.max_gap,
            'observation': [term.to_dict() for term in self.terms],
            'action': self.action.to_dict(),
        }

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the contract's content, in hexadecimal."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(',', ':'))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def period_ns(self) -> int:
        """Nominal time between two observations in nanoseconds."""
        return round(1e9 / self.rate)

    @cached_property
    def sensed(self) -> tuple[Term, ...]:
        """The terms that are read from messages, in order."""
        return tuple(term for term in self.terms if term.sensed)

    @cached_property
    def topics(self) -> dict[str, str]:
        """Topic → message type of every sensed topic; the first sets the policy's pace."""
        return {term.topic: term.type for term in self.sensed}

    @cached_property
    def sensed_channels(self) -> tuple[str, ...]:
        """Full names of the values that are read from messages, in order."""
        return tuple(name for term in self.sensed for name in term.channel_names)

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Topics whose last value holds; no observation waits for them."""
        return tuple(dict.fromkeys(term.topic for term in self.sensed if term.hold))

    @cached_property
    def measured(self) -> tuple[int, ...]:
        """Indices of the sensed values that measure the robot: all that do not hold."""
        holds = [term.hold for term in self.sensed for _ in term.channels]
        return tuple(place for place, hold in enumerate(holds) if not hold)

    @property
    def sensed_size(self) -> int:
        return len(self.sensed_channels)

    @property
    def observation_size(self) -> int:
        """Number of values in a policy's observation, including those the runner supplies."""
        return sum(len(term.channels) for term in self.terms)

    @property
    def action_size(self) -> int:
        return len(self.action.joints)

    def asking(self, *names: str) -> 'Contract':
        """The part of this contract that a policy with these terms asks for.

        Raises:
            ContractError: a term is not offered or is named twice, or no term is read from a topic.
        """
        offered = {term.name: term for term in self.terms}
        own = Term(PREVIOUS_ACTION, '', '', 'previous', self.action.joints, self.action.units)
        offered.setdefault(PREVIOUS_ACTION, own)
        for name in names:
            if name not in offered:
                raise ContractError(f'{self.source}: {unknown("term", name, offered)}')
        contract = replace(self, terms=tuple(offered[name] for name in names))
        contract._check_terms()
        return contract

    def differences(self, robot: 'Contract') -> list[str]:
        """Why a policy that asks for this contract does not fit the robot; empty if it does."""
        found = []
        if self.robot != robot.robot:
            found.append(f'robot: the policy is for {self.robot}, the robot is {robot.robot}')
        if self.rate != robot.rate:
            found.append(
                f'rate: the policy asks for {self.rate:g} Hz, the robot has {robot.rate:g}'
            )
        offered = {term.name: term for term in robot.terms}
        for term in self.sensed:
            if term.name not in offered:
                found.append(unknown('term asked for,', term.name, offered))
            else:
                found.extend(_term_differences(term, offered[term.name]))
        mine, theirs = self.action.to_dict(), robot.action.to_dict()
        for key in sorted(mine.keys() | theirs.keys()):
            if mine.get(key) != theirs.get(key):
                found.append(
                    f'action: {key}: the policy has {mine.get(key)}, the robot {theirs.get(key)}'
                )
        return found

    def require_fit(self, robot: 'Contract', policy: str) -> None:
        """Refuse a policy that does not fit the robot, naming the first differences.

        Raises:
            ContractError: the policy and the robot differ.
        """
        found = self.differences(robot)
        if found:
            more = f'; and {len(found) - 3} more' if len(found) > 3 else ''
            raise ContractError(
                f'{policy} does not fit {robot.source}: ' + '; '.join(found[:3]) + more
            )

    def on(self, robot: 'Contract') -> 'Contract':
        """What a policy that asks for this contract asks of a robot: the robot's own
        ``freshness``, ``max_gap`` and ``std`` are in force.

        Raises:
            ContractError: the policy does not fit the robot.
        """
        self.require_fit(robot, self.source)
        offered = {term.name: term for term in robot.terms}
        terms = tuple(
            replace(term, std=offered[term.name].std_of(term.channels)) if term.sensed else term
            for term in self.terms
        )
        return replace(self, terms=terms, freshness=robot.freshness, max_gap=robot.max_gap)


def _term_differences(asked: Term, offered: Term) -> list[str]:
    found = []
    for key in ('topic', 'type', 'field', 'clip', 'components', 'hold', 'names', 'order'):
        mine, theirs = getattr(asked, key), getattr(offered, key)
        if mine != theirs:
            found.append(f'{asked.name}: {key}: the policy has {mine}, the robot {theirs}')
    units = dict(zip(offered.channels, offered.units, strict=True))
    for channel, unit in zip(asked.channels, asked.units, strict=True):
        if channel not in units:
            found.append(f'{asked.name}: {unknown("channel", channel, units)}')
        elif units[channel] != unit:
            found.append(
                f'{asked.name}: {channel}: unit: the policy has {unit}, the robot {units[channel]}'
            )
    return found
