"""All that a person sees of results: tables, plots, videos, pages and model cards.

Names are imported when they are used, because tables do without Matplotlib and MuJoCo.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid_control.report.fitted import FittedTable
    from liquid_control.report.replay_report import write_replay_report
    from liquid_control.report.run_report import write_report
    from liquid_control.report.video import render

__all__ = ['FittedTable', 'render', 'write_replay_report', 'write_report']
_MODULES = {
    'FittedTable': 'fitted',
    'render': 'video',
    'write_replay_report': 'replay_report',
    'write_report': 'run_report',
}
"""Public name → the module that defines it."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f'{__name__}.{_MODULES[name]}'), name)
    raise AttributeError(f'module {__name__} has no attribute {name}')
