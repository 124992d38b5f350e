"""A lifecycle node whose transitions report their errors, which rclpy would swallow."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from liquid_control.nodes.session import NodeError

_SUCCESS, _ERROR = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.ERROR
_FAILURE = TransitionCallbackReturn.FAILURE


def while_made(made: ExitStack, callback: Callable[..., Any]) -> Callable[..., Any]:
    """A callback that does nothing once ``made`` is undone.

    An executor may still call the callback of what is destroyed, for what had arrived before. Then
    the last argument is returned: a service's response, unchanged.
    """
    live = [callback]
    made.callback(live.clear)
    return lambda *arguments: live[0](*arguments) if live else arguments[-1]


class Lifecycle(LifecycleNode):
    """Calls ``configure``, ``activate``, ``end`` and ``clean_up`` of a subclass.

    ``failure`` says why the last transition failed; ``finalized`` that the node is to end.
    ``_made`` is what *configure* made and what is destroyed again.
    """

    def __init__(self, name: str):
        super().__init__(name)
        self.failure = ''
        self.finalized = False
        self._made = ExitStack()

    def say_what_it_waits_for(self, autostart: bool) -> None:
        """Log how to start it, unless it starts by itself."""
        name = self.get_fully_qualified_name()
        if not autostart:
            self.get_logger().info(
                f'waiting: configure and activate it (ros2 lifecycle set {name} configure, then '
                'activate), or start it with -p autostart:=true'
            )

    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        return self._guarded(self.configure, _FAILURE)  # can be tried again

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        return self._guarded(self.activate, _ERROR) if result == _SUCCESS else result

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        self.end('deactivated')
        return super().on_deactivate(state)

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        return self._guarded(self.clean_up, _ERROR)

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        self.end('shut down')
        self.failure, self.finalized = '', True
        return _SUCCESS

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        self.end(self.failure or 'error')
        self.finalized = True
        return _ERROR

    def configure(self) -> None:
        raise NotImplementedError

    def activate(self) -> None:
        raise NotImplementedError

    def end(self, why: str) -> None:
        raise NotImplementedError

    def clean_up(self) -> None:
        self._made.close()

    def start(self) -> None:
        """Configure and activate.

        Raises:
            NodeError: one of the two failed.
        """
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != _SUCCESS:
                raise NodeError(f'could not be started: {self.failure}')

    def destroy_node(self) -> None:
        self._made.close()
        super().destroy_node()

    def _guarded(
        self, work: Callable[[], None], failed: TransitionCallbackReturn
    ) -> TransitionCallbackReturn:
        try:
            work()
        except (ValueError, OSError, NodeError) as error:
            return self._failed(str(error), failed)
        except Exception as error:  # what rclpy raises for a topic name, among others
            return self._failed(f'{type(error).__name__}: {error}', failed)
        self.failure = ''
        return _SUCCESS

    def _failed(self, why: str, how: TransitionCallbackReturn) -> TransitionCallbackReturn:
        self.failure = why
        self.get_logger().error(why)
        return how
