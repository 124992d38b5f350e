"""What a policy saw, did and predicted live, from the bag that recorded it."""

from dataclasses import replace
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import recorded_commands
from liquid_control.bags.merging import merged
from liquid_control.bags.names import recorded_name
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Command
from liquid_control.control.gate import Reason
from liquid_control.control.observe import Observer, TermAccess
from liquid_control.control.timeline import Timeline
from liquid_control.control.topics import PREDICTION
from liquid_control.evaluation.trace import Trace, TraceBuilder


def recorded_trace(
    bag: Bag,
    contract: Contract,
    observed: dict[str, str] | None = None,
    thin: bool = True,
    trained: tuple[float, float] | None = None,
) -> Trace:
    """What a policy saw, did and predicted live: the observations that a command answers.

    ``reasons`` and ``step_s`` are not in a bag: they are −1 and NaN. If no command was recorded,
    the trace has every observation, with NaN for the actions.

    Args:
        bag: the recording.
        contract: what the policy asks of the robot, from its bundle.
        observed: contract topic → topic in the bag, where they differ.
        thin: whether the policy left out readings that came faster than its rate.
        trained: elapsed times of its training, see :attr:`Bundle.trained_elapsed`.

    Raises:
        BagError: a topic that the contract names is missing or has the wrong type.
        ObservationError: a message lacks something that the contract asks for.
    """
    observed = observed or {}
    commands = recorded_commands(bag, contract, observed)
    predictions = bag.by_stamp(recorded_name(PREDICTION, observed))
    reader = _PredictionReader(contract)
    observer, builder = Observer(contract), TraceBuilder(contract)
    timeline = Timeline(contract.period_ns, contract.max_gap, thin, trained)
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
