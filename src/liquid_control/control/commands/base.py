"""What every command message type says: values by joint, and the observation answered."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from liquid_control.control.action import Action
from liquid_control.control.stamps import time_ns

MakeMessage = Callable[[str], Callable[[], Any]]
"""Message type → its class, or another function that returns an empty message of the type."""


class CommandError(ValueError):
    """A message is not one command for all joints of the action."""


class CommandReader(ABC):
    """Reads the commands of one message type, the same live, in simulation and in bags.

    Messages are duck-typed: rclpy's, those read by rosbags, or any object with their attributes.

    Attributes:
        types: message types that the class reads.
        fields: what the action's ``field`` may be; empty if the type leaves no choice.
        labelled: whether a stamp always names an observation. That of a header may also be the
            time at which the command was sent.

    Args:
        action: which joints the values are for, in which order.
        kind: message type, one of ``types``.

    Raises:
        ContractError: the action does not say how to read this type.
    """

    types: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ()
    labelled: ClassVar[bool] = False

    def __init__(self, action: Action, kind: str):
        self.joints, self.kind = action.joints, kind

    @abstractmethod
    def _values(self, message: Any) -> list[float]:
        """As :meth:`values`; any other error is turned into a CommandError."""

    def values(self, message: Any) -> list[float]:
        """Return the values as they are in the message, (m,) in the action's order.

        Raises:
            CommandError: the message lacks a joint, or is not one command; no message causes any
                other error.
        """
        try:
            values = self._values(message)
            array('d', values)
        except CommandError:
            raise
        except Exception as error:  # a message may hold anything, and must not end a node
            raise CommandError(
                f'a {type(message).__name__} cannot be read as a {self.kind}: {error}'
            ) from error
        return values

    def read(self, message: Any) -> np.ndarray:
        """Return the values to obey, (m,) float64 in the action's order, all finite.

        Raises:
            CommandError: as :meth:`values`, or a value is not finite.
        """
        values = self.values(message)
        for joint, value in zip(self.joints, values, strict=True):
            if not isfinite(value):
                expected = f'{len(self.joints)} finite values'
                raise CommandError(f'expected {expected}, found {value} for {joint}')
        return np.array(values)

    def answered(self, message: Any) -> int | None:
        """Stamp in ns of the observation that a command answers.

        0 if it answers none, as a stop does; None if its sender does not say.
        """
        header = getattr(message, 'header', None)
        return None if header is None else time_ns(header.stamp)


class CommandCodec(CommandReader):
    """Also makes commands."""

    @abstractmethod
    def empty(self, make: MakeMessage) -> Any:
        """Return a message with everything that does not change from command to command."""

    @abstractmethod
    def fill(self, message: Any, stamp_ns: int, values: np.ndarray) -> Any:
        """Put a command into a message of :meth:`empty`, in place, and return it.

        Args:
            message: the message.
            stamp_ns: stamp of the observation that it answers; 0 for none.
            values: (m,) in the action's order.
        """


def numbers(like: Any, values: np.ndarray) -> Any:
    """Values as an array of doubles, of the kind that a message's library uses for them."""
    # rclpy copies an array.array forty times as fast as one of NumPy.
    return array('d', values.tolist()) if isinstance(like, array) else values.astype(np.float64)
