"""The folder of a comparison: what it is called, what it holds already, and what will be done."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid_control.evaluation.robustness.plan import Plan

RESULTS = 'results.json'
_DIGITS = 8


def default_folder(plan: 'Plan') -> Path:
    """``runs/NAME-SETTINGS``: the same for the same comparison, so that a second call resumes."""
    text = json.dumps([plan.robot.hash, *_asked(plan).values()], sort_keys=True)
    return Path('runs') / f'{plan.benchmark}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}'


def replaced(plan: 'Plan', folder: Path) -> str:
    """What results of another comparison a folder holds, which this one replaces; else empty."""
    from liquid_control.evaluation.robustness import RobustnessResults

    try:
        before = RobustnessResults.load(folder / RESULTS)
    except (OSError, ValueError):
        return ''
    had = {
        'benchmark': before.benchmark,
        'policies': [
            [one.name, [bundle['sha256'] for bundle in one.bundles]] for one in before.policies
        ],
        'families': [asdict(one) for one in before.families],
        'episodes': before.provenance.get('episodes'),
        'seed': before.seed,
    }
    differing = [name for name, value in _asked(plan).items() if value != _plain(had[name])]
    if not differing:
        return ''
    levels = sum(len(family.levels) for family in before.families)
    names = ', '.join(one.name for one in before.policies)
    return (
        f'{folder} holds the report of another comparison ({names} under {_faults(levels)}, '
        f'{had["episodes"]} episodes; other {", ".join(differing)}): it is replaced. Finished '
        'pieces are kept; another --out keeps both reports'
    )


def begins(plan: 'Plan', folder: Path) -> str:
    """What is about to be measured, and what was measured before."""
    from liquid_control.evaluation.robustness.results import NOMINAL
    from liquid_control.evaluation.robustness.run import PIECES, reusable

    pieces = plan.pieces()
    walks = sum(len(one.arguments['conditions']) * plan.episodes for one in pieces)
    levels = sum(len(family.levels) for family in plan.families)
    names = ', '.join(contender.name for contender in plan.contenders)
    counted = []
    if plan.expert is not None:
        counted.append(f'{plan.episodes} of {plan.expert.name}')
    if any(one.arguments['elapsed'] == NOMINAL for one in pieces):
        counted.append('both elapsed times under faults of the clock')
    more = f' (with {", and ".join(counted)})' if counted else ''
    reused = len(reusable(pieces, folder / PIECES))
    kept = f'; {reused} of {len(pieces)} pieces are kept from before' if reused else ''
    return (
        f'{names}: without a fault and under {_faults(levels)}, {plan.episodes} episodes each, '
        f'{walks:,} walks in all{more}; results go to {folder}{kept}'
    )


def _asked(plan: 'Plan') -> dict[str, Any]:
    """What decides the results of a plan, as plain JSON."""
    return _plain(
        {
            'benchmark': plan.benchmark,
            'policies': [
                [one.name, [bundle.sha256 for bundle in one.bundles]] for one in plan.contenders
            ],
            'families': [asdict(family) for family in plan.families],
            'episodes': plan.episodes,
            'seed': plan.seed,
        }
    )


def _faults(levels: int) -> str:
    return '1 fault' if levels == 1 else f'{levels} faults'


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
