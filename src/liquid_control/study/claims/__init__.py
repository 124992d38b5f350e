"""The claims of the review arXiv 2510.07578, each with our evidence and a verdict by a rule."""

from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study.claims.claims import CLAIMS, Claim, Judged, judge, not_run
from liquid_control.study.claims.evidence import Evidence, Pair
from liquid_control.study.claims.files import NAMES, files
from liquid_control.study.claims.markdown import count, markdown
from liquid_control.study.claims.reading import linked, read
from liquid_control.study.claims.rule import RULE, Outcome, Verdict, verdict

__all__ = [
    'CLAIMS',
    'NAMES',
    'RULE',
    'Claim',
    'Evidence',
    'Group',
    'Judged',
    'Outcome',
    'Pair',
    'Score',
    'Source',
    'Verdict',
    'count',
    'files',
    'judge',
    'linked',
    'markdown',
    'not_run',
    'read',
    'verdict',
]
