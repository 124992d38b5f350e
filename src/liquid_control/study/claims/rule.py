"""The rule by which evidence becomes a verdict."""

from collections.abc import Iterable
from typing import Literal

Outcome = Literal['for', 'against', 'undecided']
Verdict = Literal['supported', 'not supported', 'mixed', 'no data']

RULE = (
    'Two scores differ if their 95 % intervals do not overlap; counts, times and memory '
    'have none, and differ if one is more than 10 % below the other.',
    'A comparison of kinds takes all pairs of a liquid cell (CfC, LTC, LRC, STC, Liquid-S4) and a '
    'gated one (LSTM, GRU). It is for the claim if the liquid cell is better in more than half of '
    'the pairs, against it if it is worse in more than half, and otherwise undecided.',
    'A comparison of the best is for the claim unless the best gated cell is better than the best '
    'liquid one. There are more liquid cells than gated ones, which favours them.',
    'Verdict: supported if a comparison is for the claim and none against it; not supported if one '
    'is against it and none for it; mixed if there are both, or if all are undecided; no data if '
    'there is none. Comparisons from quick runs are shown and do not count.',
)
"""The rule in words."""


def verdict(outcomes: Iterable[Outcome]) -> Verdict:
    """The verdict on a claim from the outcomes of those comparisons that count."""
    found = set(outcomes)
    if not found:
        return 'no data'
    if 'for' in found and 'against' not in found:
        return 'supported'
    if 'against' in found and 'for' not in found:
        return 'not supported'
    return 'mixed'


def of_pairs(better: int, worse: int, total: int) -> Outcome:
    """The outcome of a comparison of kinds from the number of its pairs."""
    if 2 * better > total:
        return 'for'
    return 'against' if 2 * worse > total else 'undecided'
