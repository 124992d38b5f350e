"""``study``: carry out comparisons from the literature on their data, keeping each run."""

from liquid_control.cli.study.kinds import add_arguments, main

__all__ = ['add_arguments', 'main']
