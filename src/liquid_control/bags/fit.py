"""Whether a message has what a contract asks of its topic."""

from numbers import Real
from typing import Any

from liquid_control.control.contract import Contract
from liquid_control.control.joining import Joined
from liquid_control.control.observe import TermAccess
from liquid_control.control.stamps import IncompleteError, ObservationError


class Fit:
    """Checks the messages of one topic of a contract; similar ones cost next to nothing.

    Those that each hold a part of the joints are joined, as live, see :class:`Joined`.
    """

    def __init__(self, contract: Contract, topic: str):
        self._type = contract.topics[topic]
        self._terms = [TermAccess(term) for term in contract.sensed if term.topic == topic]
        self._joined = Joined(contract, topic)
        self._last: list[Any] | None = None

    def complete(self, message: Any, why: str) -> Any:
        """Complete a message that cannot be used as it is.

        Args:
            message: the message.
            why: what :meth:`refusal` says of it.

        Returns:
            The message, completed with what others say; None if it only completes others.

        Raises:
            ObservationError: it is no part of a reading, or could not be completed.
        """
        if message.__msgtype__ != self._type:
            raise ObservationError(why)
        try:
            return self._joined.complete(message)
        except IncompleteError:
            raise ObservationError(why) from None

    def refusal(self, message: Any) -> str | None:
        """Why a message cannot be used as it is; None if it can."""
        if message.__msgtype__ != self._type:
            return f'has type {message.__msgtype__}, not {self._type}'
        try:
            layout = [term.layout(message) for term in self._terms]
            if layout != self._last:
                for term in self._terms:
                    _require_numbers(term, message)
                self._last = layout
        except ObservationError as error:
            self._last = None
            return f'cannot be used: {error}'
        return None


def _require_numbers(access: TermAccess, message: Any) -> None:
    """Raise ObservationError if a field path leads to anything but numbers, such as lists."""
    term = access.term
    for name, value in zip(term.channels, access.read(message), strict=True):
        if not isinstance(value, Real):
            raise ObservationError(
                f'{term.topic}: {term.field} of {name} is a {type(value).__name__}, not a number'
            )
