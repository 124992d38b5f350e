"""What a bag has, as tables and lines for a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from liquid_control.verbs.tables import new_table


def coverage_parts(found: dict[str, Any]) -> Iterator[Any]:
    """What ``coverage`` found, part by part, for rich to print."""
    bag, topics = found['bag'], found['topics']
    yield (
        f'[bold]{escape(bag["path"])}[/]: {bag["storage"]}, {bag["messages"]} messages, '
        f'{bag["duration_s"]:.2f} s'
    )
    yield _topics(topics)
    for name, topic in topics.items():
        for text in topic['oddities']:
            yield f'  [cyan]{escape(name)}[/]: {escape(text)}'
    if found['contract'] is not None:
        yield from _contract(found['contract'])
    if not bag['checksums']:
        yield '[dim]no checksums cover this bag: flipped bits would not be noticed[/]'
    for note in bag['notes']:
        yield f'[yellow]note:[/] {escape(note)}'
    for topic, why, count in bag['left_out']:
        yield f'[yellow]left out:[/] {count} of {escape(topic)}: {escape(why)}'
    if bag['damage']:
        yield f'[red]incomplete, read as far as possible:[/] {escape(bag["damage"])}'
    else:
        yield '[green]all of it could be read[/]'


def _topics(topics: dict) -> Any:
    table = new_table('topic', 'messages', 's', 'Hz', 'jitter ms', 'longest ms', 'gaps')
    table.columns[0].overflow, table.columns[0].min_width = 'fold', 18

    def text(value: float | None, form: str) -> str:
        return '–' if value is None else format(value, form)

    for name, topic in topics.items():
        package, _, kind = topic['type'].rpartition('/')
        table.add_row(
            f'{escape(name)}\n[dim]{escape(kind or package)}, {topic["stamps"]}[/]',
            str(topic['messages']),
            f'{topic["duration_s"]:.2f}',
            text(topic['rate_hz'], '.1f'),
            text(topic['jitter_ms'], '.3g'),
            text(topic['longest_ms'], '.3g'),
            str(topic['gaps']),
        )
    return table


def _contract(contract: dict) -> Iterator[Any]:
    yield f'[bold]{escape(contract["robot"])}[/], the contract asked for:'
    table = new_table('term', 'topic', 'values', 'fresh', 'not finite', 'missing',
                      left=('topic', 'missing'))  # fmt: skip
    for term in contract['terms']:
        table.add_row(
            escape(term['name']),
            escape(term['topic']),
            str(term['channels']),
            f'{term["share"]:.1%}',
            str(term['not_finite']),
            escape(', '.join(term['missing'])) or '–',
        )
    yield table
    if contract['why_not']:
        yield f'[red]not covered:[/] {escape(contract["why_not"])}'
    else:
        yield (
            f'  {contract["complete"]} of {contract["paced"]} messages of its first topic give a '
            f'complete observation, {contract["finite"]} of them finite in every value'
        )
