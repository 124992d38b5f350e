"""The results of studies as one page: the answer in words, plots, tables."""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.report.study.page import Section, StudyPage, write_study_page
    from liquid_control.report.study.pictures import write_picture

__all__ = ['Section', 'StudyPage', 'write_picture', 'write_study_page']
__getattr__ = lazy_names(
    __name__,
    {'page': ('Section', 'StudyPage', 'write_study_page'), 'pictures': ('write_picture',)},
)
