"""The services of the simulation: pause, single steps, and the next episode."""

from typing import Any

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger


class SimServices:
    """Serves ``~/pause``, ``~/step`` and ``~/reset``, and remembers what was asked.

    Attributes:
        paused: whether time stands still.
        reset_asked: whether the episode shall end after this period.
    """

    def __init__(self, node: Node, paused: bool):
        self.paused, self.reset_asked = paused, False
        self._steps_asked = 0
        node.create_service(Trigger, '~/reset', self._on_reset)
        node.create_service(SetBool, '~/pause', self._on_pause)
        node.create_service(Trigger, '~/step', self._on_step)

    @property
    def waiting(self) -> bool:
        """Whether the next step must wait."""
        return self.paused and self._steps_asked == 0

    def take_step(self) -> None:
        """A step is taken: one fewer is asked for."""
        self._steps_asked = max(self._steps_asked - 1, 0)

    def _on_reset(self, request: Any, response: Any) -> Any:
        self.reset_asked = True
        response.success, response.message = True, 'the next episode starts after this period'
        return response

    def _on_pause(self, request: Any, response: Any) -> Any:
        self.paused = bool(request.data)
        response.success, response.message = True, 'paused' if self.paused else 'running'
        return response

    def _on_step(self, request: Any, response: Any) -> Any:
        response.success = self.paused
        if self.paused:
            self._steps_asked += 1
            response.message = 'one step'
        else:
            response.message = 'not paused: set ~/pause to true first'
        return response
