"""A bag through the core: what a policy does with it."""

import numpy as np

from liquid_control.bags.bag import Bag
from liquid_control.control.controller import Controller
from liquid_control.evaluation.trace import Trace, TraceBuilder
from liquid_control.replay.passes import play


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
