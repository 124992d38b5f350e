"""``report.html`` of replays: figures, alarms and plots of every recording, in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liquid_control.report.page import write_page
from liquid_control.report.replay_answer import answer
from liquid_control.report.run_report import provenance_rows


def write_replay_report(
    path: str | Path, outcomes: Mapping[str, dict[str, Any]], verdict: dict[str, Any]
) -> Path:
    """Write one HTML file about replays; it needs no network and no other file.

    Args:
        path: path of the file.
        outcomes: recording → outcome of its replay, as returned by :func:`sweep`.
        verdict: content of ``verdict.json``.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    sections = [_section(name, outcome) for name, outcome in outcomes.items()]
    horizons = [p['horizons']['steps'] for s in sections for p in s['policies']]
    write_page(
        path,
        'replay.html.j2',
        sections=sections,
        verdict=verdict,
        horizon=max((steps[-1] for steps in horizons if steps), default=0),
        number=_number,
        provenance=provenance_rows(
            {'run': {'provenance': verdict['provenance']}, 'timing': None}, path.parent
        ),
    )
    return path


def _section(name: str, outcome: dict[str, Any]) -> dict[str, Any]:
    result = outcome.get('result') or {}
    return {
        'name': name,
        'answer': answer(outcome),
        'coverage': result.get('coverage'),
        'policies': result.get('policies', []),
        'silences': result['passes'][0]['silences'] if result else [],
        'plots': result.get('plots', []),
    }


def _number(value: float | None) -> str:
    if value is None:
        return '–'
    return f'{value:.0f}' if 1e3 <= abs(value) < 1e6 else f'{value:.3g}'
