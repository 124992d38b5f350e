"""Everything in a bundle or a contract as tables: ``inspect --verbose``."""

from collections.abc import Iterator
from typing import Any


def bundle_sections(bundle: Any) -> Iterator[tuple[str, dict]]:
    """Yield (title, facts) of all that a bundle says besides its contract."""
    yield (
        f'Bundle {bundle.path.name}',
        {
            'cell': bundle.cell,
            'period': f'{1.0 / bundle.contract.rate:g} s ({bundle.contract.rate:g} Hz)',
            'trained with': trained_with(bundle.trained_elapsed),
            'size': f'{len(bundle.graph):,} bytes',
            'sha256': bundle.sha256,
        },
    )
    yield 'Settings', bundle.settings
    yield 'Counts', bundle.counts
    yield 'Scores', bundle.scores
    yield 'Provenance', bundle.provenance


def trained_with(trained: tuple[float, float] | None) -> str:
    """The elapsed times of a policy's training, as text."""
    if trained is None:
        return 'elapsed times that were not recorded'
    low, high = trained
    many = f'{low:g}' if low == high else f'{low:g} to {high:g}'
    return f'elapsed times of {many} periods (mean of 50 steps)'


def facts_table(title: str, facts: dict) -> Any:
    """A table of names and values; nested mappings become dotted names."""
    table = _table(title, show_header=False)
    table.add_column('what', style='cyan', no_wrap=True)
    table.add_column('value', overflow='fold')
    rows = list(_flat(facts))
    for name, value in rows or [('–', 'nothing')]:
        table.add_row(*_plain(name, value))
    return table


def contract_tables(contract: Any) -> Iterator[Any]:
    """Yield tables of a contract: its settings, its observation and its action, value by value."""
    yield facts_table(
        'Contract',
        {
            'robot': contract.robot,
            'rate': f'{contract.rate:g} Hz',
            'freshness': f'{contract.freshness:g} s; an older reading is not acted on',
            'longest gap': f'{contract.max_gap:g} s; after a longer one the state is reset',
            'sha256': contract.hash,
        },
    )
    yield _observation_table(contract)
    yield _action_table(contract)


def _observation_table(contract: Any) -> Any:
    table = _table(f'Observation ({contract.observation_size} values)')
    table.add_column('#', justify='right')
    for heading in ('what', 'channel', 'unit'):
        table.add_column(heading, overflow='fold')
    for heading in ('clip', 'std'):
        table.add_column(heading, justify='right', no_wrap=True)
    number = 0
    for term in contract.terms:
        about = [term.name, term.topic, term.field] if term.sensed else [term.name, '(the runner)']
        clip = '–' if term.clip is None else f'{term.clip[0]:g} … {term.clip[1]:g}'
        stds = term.std or (None,) * len(term.channels)
        for index, channel in enumerate(term.channels):
            last = index == len(term.channels) - 1
            what = '\n'.join(about[index:] if last else about[index : index + 1])
            spread = '–' if stds[index] is None else f'{stds[index]:g}'
            table.add_row(*_plain(number, what, channel, term.units[index], clip, spread))
            number += 1
        table.add_section()
    return table


def _action_table(contract: Any) -> Any:
    action = contract.action
    table = _table(f'Action ({contract.action_size} values) on {action.topic}, {action.type}')
    table.add_column('#', justify='right')
    for heading in ('joint', 'unit'):
        table.add_column(heading, overflow='fold')
    for heading in ('lower', 'upper', 'safe', 'slew per second'):
        table.add_column(heading, justify='right')
    slew = action.slew or (None,) * len(action.joints)
    columns = (action.joints, action.units, action.lower, action.upper, action.safe, slew)
    for number, row in enumerate(zip(*columns, strict=True)):
        joint, unit, *limits = row
        table.add_row(
            *_plain(number, joint, unit, *('–' if v is None else f'{v:g}' for v in limits))
        )
    return table


def _flat(facts: dict, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Flatten nested mappings to dotted names."""
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f'{prefix}{name}.')
        else:
            yield f'{prefix}{name}', value


def _plain(*values: Any) -> list[str]:
    """Cells with brackets escaped, so that they are not taken for markup."""
    from rich.markup import escape

    return [escape(str(value)) for value in values]


def _table(title: str, **options: Any) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    return Table(
        title=escape(title), title_justify='left', title_style='bold', box=box.SIMPLE, **options
    )
