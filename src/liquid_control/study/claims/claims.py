"""The claims of the review, and which comparisons speak for or against each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from liquid_control.report.study.groups import Group
from liquid_control.study.claims.compare import best, figures, kinds, not_worse, smaller
from liquid_control.study.claims.evidence import (
    CFC,
    GATED,
    LTC,
    MIXED,
    Evidence,
    by_source,
    present,
    without,
)
from liquid_control.study.claims.rule import MARGIN, MARGINS, NOISE, Verdict, verdict

_TRAINED = ('walker2d-kinematics', 'synthetic', 'icu', 'memory')
_COMMANDS = {
    'cost': 'liquid-control benchmark cost --policy all --json runs/cost.json',
    'robustness': 'liquid-control benchmark robustness --policy all --csv runs/robustness.csv',
    'generalization': 'liquid-control benchmark generalization --policy all '
    '--csv runs/generalization.csv',
    'walker2d-kinematics': 'liquid-control study walker2d-kinematics --data DIR',
    'icu': 'liquid-control study icu --data DIR',
}
"""Source → the command that makes its results, if it is not ``liquid-control study SOURCE``."""


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        name: a few words.
        text: what the review says.
        sources: studies and benchmarks that can tell.
        evidence: from all groups and a margin of figures without interval to what they say.
    """

    name: str
    text: str
    sources: tuple[str, ...]
    evidence: Callable[[Sequence[Group], float], list[Evidence]]


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence and its verdict.

    Attributes:
        claim: the claim.
        evidence: all comparisons, those that do not count included.
        verdicts: margin → verdict by the rule.
        unmixed: the verdict without ``cfc_mixed``, which is partly gated.
        missing: sources without results.
        tried: sources with quick runs, with the files if there are several of the source.
        short: the same of those that count and were short, see :data:`rule.RULE`.
        partial: the same of those that count and of which runs are missing.
    """

    claim: Claim
    evidence: Sequence[Evidence]
    verdicts: Mapping[float, Verdict]
    unmixed: Verdict
    missing: tuple[str, ...]
    tried: tuple[str, ...]
    short: tuple[str, ...]
    partial: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict by the rule."""
        return self.verdicts[MARGIN]

    @property
    def preliminary(self) -> bool:
        """Whether a comparison that counts comes from short runs, or some runs are missing."""
        return any(one.counts and (one.short or one.partial) for one in self.evidence)

    @property
    def stated(self) -> str:
        """The verdict, whether it is preliminary, and that without the partly gated cell."""
        said = f'{self.verdict}, preliminary' if self.preliminary else self.verdict
        return said if self.unmixed == self.verdict else f'{said}; {self.unmixed} without {MIXED}'

    @property
    def limits(self) -> list[str]:
        """What a reader must know of the verdict."""
        kinds = (
            ('not run', self.missing), ('quick', self.tried), ('short runs', self.short),
            ('only in part', self.partial),
        )  # fmt: skip
        return [f'{what}: {", ".join(names)}' for what, names in kinds if names]


def judge(groups: Sequence[Group]) -> list[Judged]:
    """Every claim with what the groups say about it."""
    known = {group.study for group in groups}
    tried = [group for group in groups if group.quick]
    short = [group for group in groups if group.short and not group.quick]
    partial = [group for group in groups if group.partial and not group.quick]
    unmixed = [without(group, MIXED) for group in groups]
    judged = []
    for claim in CLAIMS:
        found = {margin: claim.evidence(groups, margin) for margin in MARGINS}
        judged.append(
            Judged(
                claim,
                found[MARGIN],
                {margin: _verdict(some) for margin, some in found.items()},
                _verdict(claim.evidence(unmixed, MARGIN)),
                tuple(name for name in claim.sources if name not in known),
                _named(claim, groups, tried),
                _named(claim, groups, short),
                _named(claim, groups, partial),
            )
        )
    return judged


def _verdict(evidence: Sequence[Evidence]) -> Verdict:
    return verdict((one.outcome for one in evidence if one.counts), bool(evidence))


def not_run(judged: Iterable[Judged]) -> dict[str, str]:
    """Source without results → the command that makes them."""
    names = dict.fromkeys(name for one in judged for name in one.missing)
    return {name: _COMMANDS.get(name, f'liquid-control study {name}') for name in names}


def _named(claim: Claim, groups: Sequence[Group], some: Sequence[Group]) -> tuple[str, ...]:
    """The claim's sources among some groups, with their files if others have the same source."""
    named = []
    for source in claim.sources:
        files = dict.fromkeys(one.source.path for one in some if one.study == source)
        several = len({one.source.path for one in groups if one.study == source}) > 1
        if files:
            named.append(f'{source} ({", ".join(files)})' if several else source)
    return tuple(named)


def _of(groups: Iterable[Group], *studies: str, test: str = '') -> list[Group]:
    """Groups of studies whose criterion begins with a word."""
    return [one for one in groups if one.study in studies and one.criterion.startswith(test)]


def _accuracy(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found = []
    for part in _trained(groups, *_TRAINED[:3]):
        where = f'{part[0].study}, {part[0].criterion}'
        found.append(best(part, f'{where}: best liquid and best gated cell'))
        found.append(not_worse(part, f'{where}: every liquid and the best gated cell'))
    return present(found)


def _fewer(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found = [
        kinds(part, f'{part[0].study}, {part[0].criterion} of models of equal size')
        for part in _trained(groups, *_TRAINED[:3])
    ]
    found += _matched(groups, 'parameters', 'fewer parameters', margin)
    for part in by_source(_of(groups, 'parameters')):
        units = figures(part, 'parameters', 'parameters at equal numbers of units', margin)
        found.append(units and replace(units, excluded='it says nothing about accuracy'))
    return present(found)


def _memory(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found: list[Evidence | None] = []
    for part in _trained(groups, *_TRAINED[:3]):
        where = f'{part[0].study}, models of equal size'
        found.append(figures(part, 'state_bytes', f'{where}: bytes of the state', margin))
        found.append(figures(part, 'saved_mb', f'{where}: memory saved in training', margin))
    found += _matched(groups, 'state_bytes', 'a smaller state', margin)
    found += _matched(groups, 'saved_mb', 'less memory in training', margin)
    for part in by_source(_of(groups, 'cost')):
        what = 'exported policies: resident memory'
        found.append(figures(part, 'resident_bytes', what, margin))
    return present(found)


def _trained(groups: Sequence[Group], *studies: str) -> list[list[Group]]:
    """The scores on the test sequences of studies, together for each file."""
    return by_source(_of(groups, *studies, test='test'))


def _matched(
    groups: Sequence[Group], figure: str, words: str, margin: float
) -> list[Evidence | None]:
    what = f'memory: gated models that a liquid one matches with {words}'
    return [smaller(part, figure, what, margin) for part in _trained(groups, 'memory')]


def _energy(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found = []
    for part in by_source(_of(groups, 'cost')):
        for figure, words in (
            ('measured_nj', 'energy of a step, measured'),
            ('energy_nj', 'energy of a step on a processor, an estimate'),
            ('neuromorphic_nj', 'energy of a step on neuromorphic hardware, an estimate'),
        ):
            found.append(figures(part, figure, f'exported policies: {words}', margin))
    return present(found)


def _noise(groups: Sequence[Group], margin: float) -> list[Evidence]:
    noisy = [one for one in _of(groups, 'robustness') if one.family in NOISE]
    found = _under(noisy, 'walks under noise')
    return found + _under(_of(groups, 'synthetic', test='error under'), 'synthetic')


def _outside(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found = _under(_of(groups, 'generalization'), 'walks with another clock, body or ground')
    for part in by_source(_of(groups, 'synthetic', test='outside')):
        found += present([kinds(part, 'synthetic: error outside of the training range')])
    return found


def _under(groups: Sequence[Group], what: str) -> list[Evidence]:
    """All pairs under all faults of a benchmark, by return and by the share that is kept."""
    parts = by_source(groups, lambda one: one.criterion)
    return present(kinds(part, f'{what}: {part[0].criterion}') for part in parts)


def _speed(groups: Sequence[Group], margin: float) -> list[Evidence]:
    found: list[Evidence | None] = []
    parts = [
        (part, 'seconds_round', f'{part[0].study}: time of a round of training')
        for part in _trained(groups, *_TRAINED)
    ]
    parts += [
        (part, 'latency_us_p50', 'exported policies: time of a step')
        for part in by_source(_of(groups, 'cost'))
    ]
    for part, figure, what in parts:
        found.append(figures(part, figure, f'{what}, CfC and LTC', margin, CFC, LTC))
        found.append(figures(part, figure, f'{what}, CfC and gated cells', margin, CFC, GATED))
    return present(found)


CLAIMS = (
    Claim(
        'Competitive accuracy',
        'On dynamic tasks liquid networks are as accurate as gated ones.',
        _TRAINED[:3], _accuracy,
    ),
    Claim(
        'Fewer parameters',
        'Liquid networks need fewer parameters for the same accuracy.',
        (*_TRAINED, 'parameters'), _fewer,
    ),
    Claim(
        'Memory efficiency',
        'Liquid networks need less memory.',
        (*_TRAINED, 'cost'), _memory,
    ),
    Claim('Energy', 'Liquid networks need less energy.', ('cost',), _energy),
    Claim(
        'Robustness to noise',
        'Liquid networks bear noise better than gated ones.',
        ('robustness', 'synthetic'), _noise,
    ),
    Claim(
        'Generalization',
        'Liquid networks generalize better outside of the training distribution.',
        ('generalization', 'synthetic'), _outside,
    ),
    Claim(
        "CfC's speed, LTC's cost",
        'LTC pays for its solver with computing time; CfC, in closed form, does not.',
        (*_TRAINED, 'cost'), _speed,
    ),
)  # fmt: skip
"""The claims, in the order of the page."""
