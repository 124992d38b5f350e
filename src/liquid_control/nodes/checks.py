"""What is measured against the contract while a policy drives: rate, publishers, load."""

from liquid_control.nodes.hosted_policy import HostedPolicy
from liquid_control.nodes.neighbours import Neighbours
from liquid_control.nodes.policy_settings import PolicySettings


class Checks:
    """Collects what is wrong, and decides by the parameters whether the robot must be stopped.

    In lockstep nothing depends on time, so nothing is measured. In the shadow nothing is driven,
    so nothing is stopped.
    """

    def __init__(self, hosted: HostedPolicy, neighbours: Neighbours, settings: PolicySettings):
        self._hosted, self._neighbours, self._settings = hosted, neighbours, settings

    def found(self) -> str:
        """All that is wrong, for the status; empty if nothing is."""
        return '; '.join(self._found().values())

    def prohibited(self) -> str | None:
        """Why it must not drive, or None."""
        if self._settings.shadow:
            return None
        found = self._found()
        if self._settings.several_publishers:
            found.pop('publishers', None)
        if self._settings.on_overload == 'report':
            found.pop('load', None)
        return '; '.join(found.values()) or None

    def warning(self) -> str | None:
        """What the operator should know besides, or None."""
        if self._neighbours.deaf:
            deaf = ', '.join(self._neighbours.deaf)
            return f'no command reaches {deaf}: incompatible quality of service'
        return self._hosted.runner.watch.warning

    def _found(self) -> dict[str, str]:
        if self._settings.lockstep:
            return {}
        found = {
            'rate': self._hosted.rate.problem,
            'publishers': self._neighbours.conflict(),
            'load': self._hosted.overload.problem,
        }
        return {name: what for name, what in found.items() if what}
