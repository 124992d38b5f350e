"""``liquid-control train``: its kinds, one file each."""

from liquid_control.cli.train.kinds import add_arguments, main

__all__ = ['add_arguments', 'main']
