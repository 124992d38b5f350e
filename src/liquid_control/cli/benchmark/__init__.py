"""``liquid-control benchmark``: its kinds, one file each."""

from liquid_control.cli.benchmark.kinds import add_arguments, main

__all__ = ['add_arguments', 'main']
