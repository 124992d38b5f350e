"""Work in independent pieces: processes, sweeps that resume, and one progress for all of it.

A sweep is the usual way in: make a list of :class:`Piece`, call :func:`sweep` with a folder, and
pass it a function that shows :class:`Progress`. Finished pieces are kept there, a failed one is an
outcome with its error, and the same call resumes what was killed.
"""

from liquid_control.jobs.pool import Job, work
from liquid_control.jobs.progress import Progress, Report, Size, seconds_left
from liquid_control.jobs.sweep import ENGINES, Outcome, Piece, kept, sweep

__all__ = [
    'ENGINES',
    'Job',
    'Outcome',
    'Piece',
    'Progress',
    'Report',
    'Size',
    'kept',
    'seconds_left',
    'sweep',
    'work',
]
