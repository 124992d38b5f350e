"""Whether the command that results name makes the same runs in this version."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from liquid_control.report.study.groups import Source
from liquid_control.study.claims.full import FULL
from liquid_control.study.footing import Footing
from liquid_control.study.run import COMPARISON

_OPTIONS = {'updates': {'--updates', '--epochs'}, 'size': {'--budget'}}
"""Setting → the options that change it."""
_WORDS = {
    'updates': 'gradient steps',
    'best_round': 'weights of the best round',
    'weight_decay': 'weight decay',
    'by_length': 'batches by length',
    'learning_rate': 'step size',
    'dropped': 'share dropped',
    'cut': 'inputs cut at',
}


def versioned(source: Source, study: str, results: Iterable[Mapping[str, Any]]) -> Source:
    """The source, with a note if its command makes other runs in this version.

    Args:
        source: the file and its command.
        study: name of the study.
        results: all results of the file.
    """
    runs = [one['run'] for one in results if one['run']['part'] == COMPARISON]
    words = {word.partition('=')[0] for word in shlex.split(source.command)}
    if study not in FULL or '--quick' in words or not runs:
        return source
    planned = _settings(FULL[study])
    given = {name for name, options in _OPTIONS.items() if options & words}
    changed = []
    for name, now in planned.items():
        found = sorted({_found(run, name, FULL[study].size) for run in runs}, key=str)
        other = [value for value in found if value not in now]
        if other and name not in given:
            changed.append(f'{_WORDS.get(name, name)}: {_listed(other)}, now {_listed(now)}')
    if not changed:
        return source
    note = f'older version; not reproducible by this command ({"; ".join(changed)})'
    return replace(source, note=note)


def _settings(footing: Footing) -> dict[str, tuple[Any, ...]]:
    """Setting → its values in the compared runs of a footing."""
    run = replace(footing, pattern='*').runs({})[0]
    recipe = asdict(run.recipe)
    names = 'updates', 'batch', 'schedule', 'best_round', 'weight_decay', 'by_length'
    return {
        **{name: (recipe[name],) for name in names},
        'size': footing.sizes,
        'learning_rate': footing.learning_rates,
        **{name: (value,) for name, value in run.model.items() if name != footing.size},
    }


def _found(run: Mapping[str, Any], name: str, size: str) -> Any:
    """A setting of a recorded run; settings that are not recorded were off."""
    if name == 'size':
        return run['model'].get(size)
    recorded = {**run['model'], **run['recipe']}
    return recorded.get(name, 0)


def _listed(values: Iterable[Any]) -> str:
    return ', '.join(map(_text, values))


def _text(value: Any) -> str:
    if not value:
        return 'off'
    if value is True:
        return 'on'
    return f'{value:,}' if isinstance(value, int) else str(value)
