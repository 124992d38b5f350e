"""Comparisons of robustness as one page: the answer in words, plots, a heat map, videos, tables."""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.report.robustness.page import write_robustness_report

__all__ = ['write_robustness_report']
__getattr__ = lazy_names(__name__, {'page': ('write_robustness_report',)})
