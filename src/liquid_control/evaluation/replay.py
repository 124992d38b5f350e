"""Bags through the core: what was recorded, what a policy does with it, where the two differ."""

from dataclasses import replace
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import recorded_commands
from liquid_control.bags.merging import merged
from liquid_control.bags.names import recorded_name
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Command, Controller
from liquid_control.control.gate import Reason
from liquid_control.control.observe import Observer, TermAccess
from liquid_control.control.timeline import Timeline
from liquid_control.control.topics import PREDICTION
from liquid_control.evaluation.passes import play
from liquid_control.evaluation.trace import Trace, TraceBuilder


class _Traced:
    """Steps a policy over a recording and keeps everything."""

    def __init__(self, controller: Controller):
        self.contract = controller.runner.contract.on(controller.robot)
        self._controller, self._builder = controller, TraceBuilder(self.contract)

    def step(
        self, stamp_ns: int, observation: np.ndarray, sent: np.ndarray | None, answers: bool
    ) -> None:
        self._builder.add(observation, self._controller.step(stamp_ns, observation))
        if sent is not None:
            self._controller.runner.sent(sent)

    def unanswered(self, stamp_ns: int, observation: np.ndarray) -> None:
        pass

    def end(self) -> Trace:
        return self._builder.build()


def replay(bag: Bag, controller: Controller, observed: dict[str, str] | None = None) -> Trace:
    """Step a policy over a recording, as :func:`play` does, and keep everything.

    Args:
        bag: the recording.
        controller: the policy; it is reset first.
        observed: contract topic → topic in the bag, where they differ.

    Returns:
        The observations it was given and the commands it would have sent.

    Raises:
        BagError, ObservationError: as :func:`play`.
    """
    controller.reset()
    traced = _Traced(controller)
    play(bag, [traced], controller.robot, observed)
    return traced.end()


def recorded_trace(bag: Bag, contract: Contract, observed: dict[str, str] | None = None) -> Trace:
    """What a policy saw, did and predicted live: the observations that a command answers.

    ``reasons`` and ``step_s`` are not in a bag: they are −1 and NaN. If no command was recorded,
    the trace has every observation, with NaN for the actions.

    Args:
        bag: the recording.
        contract: what the policy asks of the robot, from its bundle.
        observed: contract topic → topic in the bag, where they differ.

    Raises:
        BagError: a topic that the contract names is missing or has the wrong type.
        ObservationError: a message lacks something that the contract asks for.
    """
    observed = observed or {}
    commands = recorded_commands(bag, contract, observed)
    predictions = bag.by_stamp(recorded_name(PREDICTION, observed))
    reader = _PredictionReader(contract)
    observer, builder = Observer(contract), TraceBuilder(contract)
    timeline = Timeline(contract.period_ns, contract.max_gap)
    unknown = np.full(contract.action_size, np.nan, dtype=np.float32)
    for now, topic, message, _ in merged(bag, contract, observed):
        complete = observer.update(topic, message)
        if complete is None:
            continue
        stamp, observation = complete
        sent, answers = commands.take(stamp, now)
        if commands.required and not answers:
            continue
        used, elapsed, prediction = False, 0.0, None
        if np.isfinite(observation).all():
            advance, elapsed = timeline.advance(stamp)
            used = advance.used
        if used:
            prediction = reader.read(predictions.take(stamp + contract.period_ns))
        action = unknown if sent is None else sent
        command = Command(stamp, action, Reason.NONE, prediction, elapsed, np.nan)
        builder.add(observation, command, answers)
    trace = builder.build()
    return replace(trace, reasons=np.full(len(trace), -1, dtype=np.int64))


def compare(a: Trace, b: Trace) -> str | None:
    """Describe where two traces first differ; None if they agree bit for bit.

    NaN equals NaN. Reasons are compared only if both were recorded; step times never are.
    """
    if a.channels != b.channels:
        return f'channels: {", ".join(a.channels)} and {", ".join(b.channels)}'
    shared = min(len(a), len(b))
    found = []
    for name in ('stamps', 'observations', 'actions', 'predictions', 'elapsed', 'reasons'):
        left, right = getattr(a, name)[:shared], getattr(b, name)[:shared]
        if name == 'reasons' and shared and (left[0] == -1 or right[0] == -1):
            continue
        differs = ~((left == right) | ((left != left) & (right != right)))
        if differs.any():
            found.append((tuple(int(i) for i in np.argwhere(differs)[0]), name))
    if not found:
        if len(a) == len(b):
            return None
        longer = a if len(a) > len(b) else b
        return f'{len(a)} and {len(b)} observations; the first without a match has stamp ' + str(
            longer.stamps[shared]
        )
    place, name = min(found, key=lambda item: item[0][0])
    left, right = getattr(a, name)[place], getattr(b, name)[place]
    what = name
    if len(place) == 2:
        channel = a.channels[place[1]] if name != 'actions' else place[1]
        what = f'{name}[{channel}]'
    return f'row {place[0]}, stamp {a.stamps[place[0]]}: {what}: {left!r} and {right!r}'


class _PredictionReader:
    """Reads predictions, a JointState with one name per channel, in a contract's order."""

    def __init__(self, contract: Contract):
        channels = contract.sensed_channels
        term = replace(
            contract.sensed[0],
            topic=PREDICTION,
            field='position',
            channels=channels,
            components=False,
            names='name',
            order=None,
        )
        self._access = TermAccess(term)

    def read(self, message: Any) -> np.ndarray | None:
        if message is None:
            return None
        return np.array(self._access.read(message), dtype=np.float32)
