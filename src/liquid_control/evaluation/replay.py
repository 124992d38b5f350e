"""Bags through the core: what was recorded, what a policy makes of it, and where the two differ."""

from dataclasses import replace
from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Advance, Command, Controller, Timeline
from liquid_control.control.gate import Reason
from liquid_control.control.observe import Observer, TermAccess
from liquid_control.evaluation.bag import Bag, BagError, Stamped
from liquid_control.evaluation.names import PREDICTION, recorded_name
from liquid_control.evaluation.trace import Trace, TraceBuilder


def replay(bag: Bag, controller: Controller, observed: dict[str, str] | None = None) -> Trace:
    """Step a policy over a recording.

    Where commands were recorded, only observations that were answered by one are replayed, and
    after each step the policy is told the command that was really sent: every policy gets the
    same observations and the same previous actions, whoever drove. The trace has the commands
    that this policy would have sent. Without recorded commands its own are taken as sent.

    Args:
        bag: the recording.
        controller: the policy; it is reset first.
        observed: contract topic → topic in the bag, where they differ.

    Raises:
        BagError: a topic that the policy reads is missing or has another type.
        ObservationError: a message does not hold what the contract asks of it.
    """
    contract, observed = controller.runner.contract, observed or {}
    commands = _commands(bag, contract, observed)
    driven = bool(commands)
    observer, builder = Observer(contract), TraceBuilder(contract)
    controller.reset()
    for topic, message in bag.observed(contract, observed):
        complete = observer.update(topic, message)
        if complete is None:
            continue
        sent = commands.take(complete[0])
        if driven and sent is None:
            continue
        builder.add(complete[1], controller.step(*complete))
        if sent is not None:
            controller.runner.sent(_action(bag, sent, contract))
    return builder.build()


def recorded_trace(
    bag: Bag, contract: Contract, observed: dict[str, str] | None = None, period_ns: int = 0
) -> Trace:
    """What a policy saw, did and predicted live: the observations that a command answers.

    ``reasons`` and ``step_s`` are not in a bag: −1 and NaN. Without a single recorded command
    every observation is in the trace, with NaN for the actions.

    Args:
        bag: the recording.
        contract: what the policy asks of the robot, as its bundle says.
        observed: contract topic → topic in the bag, where they differ.
        period_ns: the policy's nominal period, in which ``elapsed`` is measured; by default the
            contract's.

    Raises:
        BagError: a topic that the contract names is missing or has another type.
        ObservationError: a message does not hold what the contract asks of it.
    """
    observed = observed or {}
    commands = _commands(bag, contract, observed)
    driven = bool(commands)
    predictions = bag.by_stamp(recorded_name(PREDICTION, observed))
    reader = _PredictionReader(contract)
    observer, builder = Observer(contract), TraceBuilder(contract)
    timeline = Timeline(period_ns or contract.period_ns, contract.max_gap)
    unknown = np.full(contract.action_size, np.nan, dtype=np.float32)
    for topic, message in bag.observed(contract, observed):
        complete = observer.update(topic, message)
        if complete is None:
            continue
        stamp, observation = complete
        sent = commands.take(stamp)
        if driven and sent is None:
            continue
        used, elapsed, prediction = False, 0.0, None
        if np.isfinite(observation).all():
            advance, elapsed = timeline.advance(stamp)
            used = advance is not Advance.SKIP
        if used:
            prediction = reader.read(predictions.take(stamp + contract.period_ns))
        action = unknown if sent is None else _action(bag, sent, contract)
        command = Command(stamp, action, Reason.NONE, prediction, elapsed, np.nan)
        builder.add(observation, command)
    trace = builder.build()
    return replace(trace, reasons=np.full(len(trace), -1, dtype=np.int64))


def compare(a: Trace, b: Trace) -> str | None:
    """Where two traces first differ, in words; None where they agree bit for bit.

    NaN equals NaN. Reasons and step times that were not recorded are not compared; how long a
    step took never is.
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
    """Reads predictions, a JointState with a channel a name, in the order of a contract."""

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


def _commands(bag: Bag, contract: Contract, observed: dict[str, str]) -> Stamped:
    return bag.commands(recorded_name(contract.action.topic, observed))


def _action(bag: Bag, command: Any, contract: Contract) -> np.ndarray:
    action = np.asarray(command.data, dtype=np.float64)
    if action.shape != (contract.action_size,):
        raise BagError(
            f'{bag.path}: {contract.action.topic}: expected {contract.action_size} values '
            f'({", ".join(contract.action.joints)}), found {action.size}'
        )
    return action.astype(np.float32)
