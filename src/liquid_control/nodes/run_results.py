"""What comes of a recorded run: figures, report, and what is said of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.runs import INCOMPLETE, end_of
from liquid_control.provenance import write_json
from liquid_control.report.summary import summary

STOPPED = 'interrupted'
"""Why a run ended that was told to end."""


class Log(Protocol):
    """Where lines are logged, such as a node's logger."""

    def info(self, message: str, /) -> Any: ...

    def error(self, message: str, /) -> Any: ...


def finish(folder: Path, run: Mapping[str, Any], ended: str, report: bool, log: Log) -> int:
    """Write ``run.json``, ``metrics.json`` and the report; log what came of the run.

    Args:
        folder: the run folder, whose bag is closed.
        run: content of ``run.json``.
        ended: why the run is over: ``done``, ``interrupted``, or a problem. What ``run.json``
            already says of it, because another process knew more, takes precedence.
        report: whether to write ``report.html``.
        log: where to say it.

    Returns:
        The exit code: 0 if the run did what was asked of it, or was told to end; ``INCOMPLETE`` if
        it ended, but is not complete, as when the policy stopped itself; 1 if a problem ended it.
    """
    ended = end_of(folder) or ended
    on_robot = run['mode'] == 'robot'
    if ended == STOPPED and on_robot:
        ended = 'done'  # nothing else ends a run on a robot
    write_json(folder / 'run.json', {**run, 'ended': ended})
    metrics = measure(folder)
    for sentence in summary([metrics]):
        if sentence.bad:
            log.error(sentence.text)
        else:
            log.info(sentence.text)
    log.info(f'metrics in {folder / "metrics.json"}')
    if report:
        from liquid_control.report.run_report import write_report

        log.info(f'report: {write_report(folder / "report.html", [folder])}')
    if ended in ('done', STOPPED):
        return 0 if metrics['complete'] or ended == STOPPED or on_robot else INCOMPLETE
    log.error(f'{ended}; the recording so far is kept')
    return 1
