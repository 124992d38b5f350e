"""Families: one fault at several levels, the rows of every comparison of robustness."""

from dataclasses import dataclass

from liquid_control.faults import parse


@dataclass(frozen=True)
class Family:
    """One fault, or several together, at one or more levels.

    Attributes:
        name: its name in results; unique in a benchmark.
        title: what it is, in a few words.
        unit: unit of the levels, for the axis of a plot; empty if there is one level alone.
        template: the fault as text, with ``{}`` where the level goes, if anywhere.
        levels: from one end to the other; without the one that changes nothing.
        unchanged: level at which nothing changes: 0 for noise, 1 for a factor.
    """

    name: str
    title: str
    unit: str
    template: str
    levels: tuple[float, ...] = (1.0,)
    unchanged: float = 0.0

    def fault(self, level: float) -> str:
        """The fault at a level, see :func:`liquid_control.faults.parse`."""
        return 'none' if level == self.unchanged else self.template.format(f'{level:g}')

    @property
    def kind(self) -> str:
        """Kind of its faults, such as ``sensor``; ``mixed`` if they are of several."""
        kinds = {fault.kind for level in self.levels for fault in parse(self.fault(level))}
        return kinds.pop() if len(kinds) == 1 else 'mixed'
