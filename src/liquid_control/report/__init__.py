"""All that a person sees of results: tables, plots, videos, pages and model cards.

Names are imported when they are used, because tables do without Matplotlib and MuJoCo.
"""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.report.fitted import FittedTable
    from liquid_control.report.replay_report import write_replay_report
    from liquid_control.report.run_report import write_report
    from liquid_control.report.video import render

__all__ = ['FittedTable', 'render', 'write_replay_report', 'write_report']
__getattr__ = lazy_names(
    __name__,
    {
        'fitted': ('FittedTable',),
        'replay_report': ('write_replay_report',),
        'run_report': ('write_report',),
        'video': ('render',),
    },
)
