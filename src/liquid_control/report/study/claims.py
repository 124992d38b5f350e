"""``report.html`` of the claims."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from liquid_control.report.robustness.tables import Table
from liquid_control.report.study.groups import Source
from liquid_control.report.study.page import StudyPage, write_study_page
from liquid_control.report.summary import Sentence

OTHERS = 'Verdicts with other margins for counts, times and memory, and without one cell'
WITHOUT = '10 %, without cfc_mixed'
_OURS = 'The claims are our words for what the review says, not quotations.'


class Evidence(Protocol):
    """One comparison, as in :mod:`liquid_control.study.claims`."""

    @property
    def what(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def limits(self) -> str: ...
    @property
    def source(self) -> Source: ...


class Claim(Protocol):
    """A claim's name and text."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


class Judged(Protocol):
    """A claim with its evidence and verdict."""

    @property
    def claim(self) -> Claim: ...
    @property
    def evidence(self) -> Sequence[Evidence]: ...
    @property
    def stated(self) -> str: ...
    @property
    def verdicts(self) -> Mapping[float, str]: ...
    @property
    def unmixed(self) -> str: ...
    @property
    def limits(self) -> list[str]: ...


def write_claims(path: Path, judged: Sequence[Judged], rule: Sequence[str]) -> Path:
    """Write the verdicts, the evidence, the rule and the runs; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    sources = dict.fromkeys(item.source for one in judged for item in one.evidence)
    tables = [_table(one) for one in judged if one.evidence]
    tables.append(Table('The rule', ('', 'text'), tuple(enumerated(rule)), texts=2))
    tables.append(_margins(judged))
    origin = [(one.path, ' '.join((one.sha256, one.command, one.note)).strip()) for one in sources]
    page = StudyPage(
        'The claims of the review arXiv 2510.07578',
        f'{len(judged)} claims · {len(sources)} files of results',
        [Sentence(text) for text in (_OURS, *words(judged))],
        (),
        tables,
        origin,
        opened=True,
        note='In brackets: 95 % intervals; of four seeds or fewer, their range.',
    )
    return write_study_page(path, page)


def words(judged: Iterable[Judged]) -> list[str]:
    """A sentence a claim, with its limits."""
    said = []
    for one in judged:
        verdict = f'{one.stated[0].upper()}{one.stated[1:]}'
        limits = f' ({"; ".join(one.limits)})' if one.limits else ''
        text = f'{verdict}: {one.claim.text}{limits}'
        said.append(text)
    return said


def enumerated(rule: Iterable[str]) -> list[tuple[str, str]]:
    """The sentences of the rule with their numbers."""
    return [(str(number), text.replace('`', '')) for number, text in enumerate(rule, 1)]


def _margins(judged: Sequence[Judged]) -> Table:
    """The verdicts with each margin for figures without interval, and without the mixed cell."""
    margins = list(dict.fromkeys(margin for one in judged for margin in one.verdicts))
    heads = ('claim', *(f'{100 * margin:g} %' for margin in margins), WITHOUT)
    rows = tuple(
        (one.claim.name, *(one.verdicts[key] for key in margins), one.unmixed) for one in judged
    )
    return Table(OTHERS, heads, rows, texts=len(heads))


def _table(one: Judged) -> Table:
    rows = tuple(
        (
            item.what.replace('`', ''),
            item.found.replace('`', ''),
            item.outcome,
            item.limits,
            item.source.path,
        )
        for item in one.evidence
    )
    heads = ('comparison', 'found', 'outcome', 'limits', 'file')
    return Table(f'{one.claim.name}: {one.stated}', heads, rows, texts=5)
