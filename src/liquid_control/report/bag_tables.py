"""What a bag has: the answer in one line, then tables and lines for a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.text import Text

from liquid_control.bags.names import is_internal
from liquid_control.report.tables import Figure, new_table

_SHOWN = 8
"""Oddities that are listed unless more are asked for."""


def bag_problem(summary: dict[str, Any]) -> tuple[str, str] | None:
    """What keeps a bag from being all read and fit for the contract: a word, and why; or None."""
    bag, contract = summary['bag'], summary['contract']
    if bag['damage']:
        return 'INCOMPLETE', f'read as far as possible: {bag["damage"]}'
    lost = [
        f'{topic["messages"] - topic["decoded"]} of {topic["messages"]} messages of {name}: '
        f'{topic["why_unknown"] or "they are damaged"}'
        for name, topic in summary['topics'].items()
        if topic['decoded'] < topic['messages'] and not is_internal(name, topic['type'])
    ]
    if lost:
        return 'NOT DECODED', '; '.join(lost)
    if contract is None:
        return None
    if contract['why_not']:
        return 'NOT COVERED', contract['why_not']
    if not contract['finite']:
        return 'NOT COVERED', (
            f'{contract["complete"]} of {contract["paced"]} messages give a complete observation, '
            'none of them finite in every value'
        )
    return ('NOT COVERED', contract['too_slow']) if contract['too_slow'] else None


def answer(summary: dict[str, Any]) -> str:
    """One line: whether a bag is all there and fits, and if not, why."""
    bag, contract = summary['bag'], summary['contract']
    problem = bag_problem(summary)
    text = (
        f'{escape(bag["path"])}: {bag["messages"]} messages in {bag["duration_s"]:.2f} s '
        f'({bag["storage"]})'
    )
    if problem is not None:
        return f'[bold red]{problem[0]}[/] {text}: {escape(problem[1])}'
    if contract is None:
        return f'[bold green]OK[/] {text}, all of it read'
    return (
        f'[bold green]OK[/] {text}, all of it read; {escape(contract["robot"])}: '
        f'{contract["finite"]} complete observations'
    )


def coverage_parts(summary: dict[str, Any], verbose: bool = False) -> Iterator[Any]:
    """What ``coverage`` found, part by part, for rich to print.

    Args:
        summary: what it found.
        verbose: list every oddity, not only the first that few good bags have.
    """
    bag, topics = summary['bag'], summary['topics']
    yield _topics(topics)
    if summary['contract'] is not None:
        yield from _contract(summary['contract'])
    for note in bag['notes']:
        yield f'[yellow]note:[/] {escape(note)}'
    for topic, why, count in bag['left_out']:
        yield f'[yellow]left out:[/] {count} of {escape(topic)}: {escape(why)}'
    yield from _oddities(topics, verbose)
    if not bag['checksums']:
        yield '[dim]no checksums cover this bag: flipped bits would not be noticed[/]'


def _oddities(topics: dict[str, Any], verbose: bool) -> Iterator[str]:
    every = [(name, text) for name, topic in topics.items() for text in topic['oddities']]
    shown = every
    if not verbose:
        shown = [(name, text) for name, text in every if text not in topics[name]['minor']]
        shown = shown[:_SHOWN]
    for name, text in shown:
        yield f'[cyan]{escape(name)}[/]: {escape(text)}'
    if len(shown) < len(every):
        yield f'[dim]{len(every) - len(shown)} more with --verbose, such as fields always empty[/]'


def _topics(topics: dict[str, Any]) -> Any:
    table = new_table(
        'topic', Figure('messages', 'd'), Figure('s', '.2f'), Figure('Hz', '.1f'),
        Figure('jitter ms', '.3g'), Figure('longest ms', '.3g'), Figure('gaps', 'd'),
    )  # fmt: skip
    for name, topic in topics.items():
        package, _, kind = topic['type'].rpartition('/')
        table.add_row(
            Text.assemble(name, '\n', (f'{kind or package}, {topic["stamps"]}', 'dim')),
            topic['messages'],
            topic['duration_s'],
            topic['rate_hz'],
            topic['jitter_ms'],
            topic['longest_ms'],
            topic['gaps'],
        )
    return table


def _contract(contract: dict[str, Any]) -> Iterator[Any]:
    yield f'[bold]What the contract {escape(contract["robot"])} asks for[/]'
    table = new_table(
        'term', 'topic', Figure('values', 'd'), Figure('fresh', '.1%'), Figure('not finite', 'd'),
        'missing', left=('topic', 'missing'),
    )  # fmt: skip
    for term in contract['terms']:
        table.add_row(
            term['name'],
            term['topic'],
            term['channels'],
            term['share'],
            term['not_finite'],
            ', '.join(term['missing']) or '–',
        )
    yield table
    if not contract['why_not']:
        unusable = contract['complete'] - contract['finite']
        yield (
            f'{contract["finite"]} of {contract["paced"]} messages of '
            f'{escape(contract["terms"][0]["topic"])} give a complete observation'
            + (f'; {unusable} more give one with a value that is not finite' if unusable else '')
        )
    for hint in contract['hints']:
        yield f'[yellow]check:[/] {escape(hint)}'
