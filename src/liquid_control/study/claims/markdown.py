"""The claims as a page in Markdown."""

from collections.abc import Iterable, Sequence

from liquid_control.report.study.claims import OTHERS, WITHOUT
from liquid_control.report.study.groups import Source
from liquid_control.study.claims.claims import Judged, not_run
from liquid_control.study.claims.rule import MARGINS, RULE

_START = """# The claims of the review

Which claims of the review [arXiv 2510.07578](https://arxiv.org/abs/2510.07578) do our results
support? The claims are our words for what the review says, not quotations; noise, generalization,
parameters and speed are named in its abstract. This page is the output of
`liquid-control study claims`; every figure links to its file.
"""


def markdown(judged: Sequence[Judged]) -> str:
    """The page: verdicts, the rule, then each claim with its evidence and the runs."""
    heads = 'claim', 'verdict', 'for', 'against', 'undecided', 'limits'
    parts = [_START, f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    for one in judged:
        counts = [str(count(one, outcome)) for outcome in ('for', 'against', 'undecided')]
        parts.append(
            f'| [{one.claim.name}](#{anchor(one.claim.name)}) | **{one.stated}** | '
            f'{" | ".join(counts)} | {"; ".join(one.limits)} |'
        )
    commands = [f'- {name}: `{command}`' for name, command in not_run(judged).items()]
    parts += ['', 'Not run:', '', *commands] if commands else []
    parts += ['', '## The rule', '', *(f'- {text}' for text in RULE), '']
    parts += [f'{OTHERS}:', '']
    margins = [*(f'{100 * margin:g} %' for margin in MARGINS), WITHOUT]
    parts += [f'| claim | {" | ".join(margins)} |', '|---' * (1 + len(margins)) + '|']
    for one in judged:
        verdicts = ' | '.join([*(one.verdicts[margin] for margin in MARGINS), one.unmixed])
        parts.append(f'| {one.claim.name} | {verdicts} |')
    parts.append('')
    numbers = {source: number for number, source in enumerate(sources(judged), 1)}
    for one in judged:
        parts += [f'## {one.claim.name}', '', f'{one.claim.text} **{_capital(one.stated)}.**', '']
        if one.evidence:
            parts += ['| comparison | found | outcome | run |', '|---|---|---|---|']
        for item in one.evidence:
            what = f'{item.what} ({item.limits})' if item.limits else item.what
            parts.append(
                f'| {what} | {item.found} | {item.outcome} | '
                f'[{numbers[item.source]}]({item.source.path}) |'
            )
        parts += [''] if one.evidence else []
        parts += [f'{_capital(text)}.\n' for text in one.limits]
    parts += ['## The runs', '', '| | file | SHA-256 | command |', '|---|---|---|---|']
    for source, number in numbers.items():
        command = f'`{source.command}`' if source.command else 'not known'
        command += f'. {_capital(source.note)}.' if source.note else ''
        parts.append(
            f'| {number} | [{source.path}]({source.path}) | `{source.sha256[:12]}` | {command} |'
        )
    return '\n'.join(parts).rstrip() + '\n'


def count(one: Judged, outcome: str) -> int:
    """Comparisons with an outcome that count."""
    return sum(item.outcome == outcome and item.counts for item in one.evidence)


def sources(judged: Iterable[Judged]) -> list[Source]:
    """All files, in the order in which the page names them."""
    return list(dict.fromkeys(item.source for one in judged for item in one.evidence))


def anchor(title: str) -> str:
    """The anchor of a heading, as MkDocs and GitHub make it."""
    kept = ''.join(letter for letter in title.lower() if letter.isalnum() or letter in ' -')
    return kept.replace(' ', '-')


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
