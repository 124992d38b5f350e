"""All faults together: overall return, ranks and profiles."""

from typing import Any

from liquid_control.evaluation.robustness import Analysis, Estimate, RobustnessResults, Standing
from liquid_control.report.robustness.look import Look, estimate_text, short_name, verdict_text
from liquid_control.report.robustness.plots import Plot, line, plot, points, safe

Looks = dict[str, Look]


def overall(results: RobustnessResults, analysis: Analysis, looks: Looks) -> Plot | None:
    """Mean return over all faults, best policy on top."""
    ranked = ranked_policies(analysis)
    if len(ranked) < 2:
        return None
    traces = [
        points(
            one.policy, looks[one.policy], one.overall, len(ranked) - number,
            '<br>'.join(
                [
                    f'<b>{safe(one.policy)}</b>', estimate_text(one.overall, digits=1),
                    safe(verdict_text(one)),
                ]
            ),
        )
        for number, one in enumerate(ranked)
    ]  # fmt: skip
    x = {'title': f'return, % of {results.reference["name"]}', 'rangemode': 'tozero'}
    return plot('Over all faults', traces, x, _names(ranked), 90 + 26 * len(ranked))


def ranks(analysis: Analysis, looks: Looks) -> Plot | None:
    """The rank of each policy, with all ranks that its interval holds."""
    ranked = ranked_policies(analysis)
    if len(ranked) < 2:
        return None
    traces = [
        points(
            one.policy, looks[one.policy], Estimate(one.rank, one.rank_low, one.rank_high),
            len(ranked) - number,
            f'<b>{safe(one.policy)}</b><br>rank {one.rank} [{one.rank_low}, {one.rank_high}]',
        )
        for number, one in enumerate(ranked)
    ]  # fmt: skip
    x = {'title': 'rank', 'range': [0.5, len(ranked) + 0.5], 'dtick': 1}
    return plot('Ranks', traces, x, _names(ranked), 90 + 26 * len(ranked))


def profiles(results: RobustnessResults, analysis: Analysis, looks: Looks) -> Plot | None:
    """Share of the episodes under faults that reach more than each return."""
    traces: list[Any] = []
    for one in analysis.profiles:
        shares = [Estimate(*(100.0 * x for x in (s.value, s.low, s.high))) for s in one.shares]
        texts = [
            f'<b>{safe(one.policy)}</b><br>{estimate_text(share)} of the episodes '
            f'reach more than {threshold:.0f} %'
            for threshold, share in zip(one.thresholds, shares, strict=True)
        ]
        traces += line(one.policy, looks[one.policy], one.thresholds, shares, texts)
    for trace in traces:
        trace.update(mode='lines')
    x = {'title': f'return, % of {results.reference["name"]}'}
    y = {'title': 'episodes that reach more, %', 'range': [0, 102]}
    return plot('Performance profiles', traces, x, y, 340) if traces else None


def ranked_policies(analysis: Analysis) -> list[Standing]:
    """The policies with a rank, best first."""
    return [one for one in analysis.standings if one.rank]


def _names(ranked: list[Standing]) -> dict[str, Any]:
    count = len(ranked)
    return {
        'title': '', 'tickvals': [count - number for number in range(count)],
        'ticktext': [safe(short_name(one.policy)) for one in ranked], 'range': [0.4, count + 0.6],
    }  # fmt: skip
