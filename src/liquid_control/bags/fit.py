"""Whether a message has what a contract asks of its topic."""

from typing import Any

from liquid_control.control.contract import Contract
from liquid_control.control.observe import ObservationError, TermAccess


class Fit:
    """Checks the messages of one topic of a contract; similar ones cost next to nothing."""

    def __init__(self, contract: Contract, topic: str):
        self._type = contract.topics[topic]
        self._terms = [TermAccess(term) for term in contract.sensed if term.topic == topic]
        self._last: list[Any] | None = None

    def refusal(self, message: Any) -> str | None:
        """Why a message cannot be used; None if it can."""
        if message.__msgtype__ != self._type:
            return f'has type {message.__msgtype__}, not {self._type}'
        try:
            layout = [term.layout(message) for term in self._terms]
            if layout != self._last:
                for term in self._terms:
                    term.read(message)
                self._last = layout
        except ObservationError as error:
            self._last = None
            return f'cannot be used: {error}'
        return None
