"""The rule by which evidence becomes a verdict."""

from collections.abc import Iterable
from typing import Literal

Outcome = Literal['for', 'against', 'undecided']
Verdict = Literal['supported', 'contradicted', 'not shown', 'mixed', 'none counts', 'no data']

MARGIN = 0.1
"""Of two figures without interval, one is less if it is below the other by more than this share."""
SCORE_MARGIN, AUROC_MARGIN = 0.05, 0.005
"""A cell is as accurate as another if its score is worse by no more than this share of the other's;
AUROC by no more than this difference."""
MARGINS = 0.0, MARGIN, 0.25
"""Margins for which the page shows the verdicts."""

SHORT = 'synthetic', 'memory'
"""Studies whose runs stop while their errors still fall, also in full."""

NOISE = ('noise', 'spikes', 'random_walk', 'quantisation', 'command_noise')
"""Faults of the benchmark that are noise."""
_NOISE = ', '.join(NOISE).replace('_', ' ')

RULE = (
    'Liquid cells are CfC (`cfc`, `cfc_no_gate`, `cfc_pure`, `cfc_ncp`, and `cfc_mixed`, which has '
    'an LSTM inside), LTC (`ltc`, `ltc_ncp`), LRC, STC and Liquid-S4; gated cells are LSTM and '
    'GRU. `rnn`, `ctrnn` and `mlp` have no gates and are not liquid: they count as neither.',
    'Since `cfc_mixed` is partly gated, the verdicts are also given without it.',
    'In a file of results, a score and its interval are `iqm`, `low` and `high` in `summary`; for '
    'mortality `mean`, `low` and `high` in `means` there: over patients, not seeds.',
    'A cell whose trainings all fail is worse than any cell with a score.',
    'Two scores differ if their 95 % intervals do not overlap; for mortality, if the interval of '
    'their paired difference leaves out 0. With three seeds or fewer the '
    'interval is their range, which contains the median over many seeds in about three of four '
    'cases: two cells that differ by it need not differ over more seeds.',
    f'Counts, times and memory have no interval, and differ if one is more than {100 * MARGIN:g} % '
    'below the other.',
    'A comparison takes one measure of one file of results, over all of its conditions. It counts '
    'pairs of a liquid and a gated cell, for speed also of a CfC and an LTC. It is for the claim '
    'if the first is better in more than half of them, against it if it is worse in more than '
    'half, and otherwise undecided.',
    f'Faults that count as noise: {_NOISE}. In `synthetic`, models get three times the noise of '
    'their training; those trained without noise a tenth of the deviation of the signal.',
    'Policies on a robot count only in pairs that were trained alike by what their bundles record: '
    'the same rounds of imitation and reinforcement, gradient steps a round, teacher, and number '
    'of seeds of which the best ships. Other pairs are left out, and their number is given. Time, '
    'energy and memory of a step do not depend on the training.',
    'In the study of memory, a gated model is matched if a liquid one of any size has less and is '
    'not worse by intervals that do not overlap; this favours liquid.',
    'Competitive accuracy asks whether liquid is worse than the best gated cell by more than a '
    f'margin: {100 * SCORE_MARGIN:g} % of its score, {AUROC_MARGIN:g} for AUROC. A liquid cell is '
    'within the margin if its whole interval is, beyond it if its whole interval is, and otherwise '
    'undecided; for mortality the interval is that of the paired difference. It asks so of the '
    'best liquid cell, which favours liquid, for the test scores choose among ten cells against '
    'two, and of every liquid cell.',
    'Supported: more than half of the comparisons are for the claim and none against it. '
    'Contradicted: more than half are against it and none for it. Not shown: none is for it, and '
    'it is not contradicted. Mixed: anything else. None counts: there are comparisons, but none '
    'that counts. No data: there is none.',
    'Comparisons from quick runs, and of scores without intervals, are shown and do not count. A '
    'verdict is preliminary if a comparison that counts comes from short runs, or from a study of '
    'which runs, cells, sizes or seeds are missing. Runs are short with less than half of the '
    f'gradient steps of the full study; those of {" and ".join(f"`{name}`" for name in SHORT)} '
    'always are, for their errors still fall at the end: they show which cells learn fast, and not '
    'where they end.',
    'The rule was set after the first results were seen.',
)
"""The rule in words."""


def verdict(outcomes: Iterable[Outcome], known: bool = False) -> Verdict:
    """The verdict on a claim.

    Args:
        outcomes: those of the comparisons that count.
        known: whether there are any comparisons.
    """
    found = list(outcomes)
    good, bad = found.count('for'), found.count('against')
    if not found:
        return 'none counts' if known else 'no data'
    if 2 * good > len(found) and not bad:
        return 'supported'
    if 2 * bad > len(found) and not good:
        return 'contradicted'
    return 'mixed' if good else 'not shown'


def of_pairs(better: int, worse: int, total: int) -> Outcome:
    """The outcome of a comparison from the number of its pairs."""
    if 2 * better > total:
        return 'for'
    return 'against' if 2 * worse > total else 'undecided'
