"""Made-up results of a comparison: the same ones each time, with the oddities that occur."""

import numpy as np

from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.results import (
    MEASURED,
    NOMINAL,
    Measurement,
    PolicyFacts,
    RobustnessResults,
)

FAMILIES = (
    Family(
        'gaussian', 'noise on every reading', "a channel's std", 'gaussian:{}', (0.03, 0.1, 0.3)
    ),
    Family('dropped', 'messages that are lost', 'probability', 'dropped:{}', (0.1, 0.3)),
    Family('delay', 'readings that arrive late', 'samples', 'delay:{}', (1, 2, 3)),
    Family('period', 'another control period', 'nominal periods', 'period:{}', (0.5, 1.5, 2), 1),
    Family('friction', 'friction', "times the model's", 'friction:{}', (0.5, 2), 1),
    Family('uneven', 'uneven periods and noise', '', 'jitter:0.25+gaussian:0.1'),
)
SEED, REFERENCE = 500_000, 4700.0
_HALF = {'cfc': 3.0, 'lstm': 1.2, 'gru': 1.1, '<b>mine</b>': 0.6}
"""Hardness, in levels of the family, at which half of a policy's return is left."""


def made_results(
    policies=tuple(_HALF), families=FAMILIES, episodes=12, trainings=1, oddities=True, figures=True
) -> RobustnessResults:
    """Results of policies that degrade at different rates.

    With ``oddities``, the last policy is stopped in all episodes of the last family, and one piece
    of the first policy has failed.
    """
    facts = tuple(_facts(name, number, trainings, figures) for number, name in enumerate(policies))
    rows = [row for policy in facts for row in _measurements(policy, families, episodes)]
    if oddities:
        rows = [_odd(row, facts, families) for row in rows]
    return RobustnessResults(
        benchmark='robustness',
        robot='walker2d',
        reference={'name': 'expert', 'return': REFERENCE},
        seed=SEED,
        policies=facts,
        families=tuple(families),
        measurements=tuple(rows),
        provenance={
            'command': 'liquid-control benchmark robustness',
            'date': '2026-01-01T00:00:00+00:00',
            'machine': {'processor': 'made up', 'cores': 2, 'memory_gb': 8.0, 'system': 'Linux'},
            'versions': {'python': '3.11.0', 'liquid_control': '0.1.0'},
        },
    )


def _facts(name, number, trainings, figures):
    bundles = tuple(
        {'path': f'{name}.onnx', 'sha256': f'{number:032x}{seed:032x}', 'seed': seed}
        for seed in range(trainings)
    )
    known = {
        'parameters': 20_000.0 + 7_000.0 * number,
        'latency_us_p50': 25.0 + 8.0 * number,
        'resident_bytes': (40.0 + number) * 2**20,
        'energy_nj': 90.0 + 30.0 * number,
    }
    return PolicyFacts(name, name, bundles, known if figures else {})


def _measurements(policy, families, episodes):
    for bundle in policy.bundles:
        for elapsed in (MEASURED, NOMINAL):
            yield _measurement(policy, bundle, '', 0.0, 'none', elapsed, 0.0, episodes)
            for family in families:
                if elapsed == NOMINAL and family.name != 'period':
                    continue
                for level in family.levels:
                    hardness = _hardness(family, level) * (3.0 if elapsed == NOMINAL else 1.0)
                    yield _measurement(
                        policy, bundle, family.name, level, family.fault(level), elapsed,
                        hardness, episodes,
                    )  # fmt: skip


def _hardness(family, level):
    """1 for the hardest level."""
    if family.unchanged:
        return abs(np.log(level)) / max(abs(np.log(x)) for x in family.levels)
    return level / max(family.levels)


def _measurement(policy, bundle, family, level, fault, elapsed, hardness, episodes):
    text = f'{policy.name} {bundle["seed"]} {fault} {elapsed}'
    rng = np.random.default_rng(list(text.encode()))
    half = _HALF.get(policy.name, 0.5 + (sum(policy.name.encode()) % 17) / 8)
    kept = 1.0 / (1.0 + (1.5 * hardness / half) ** 3)
    shares = np.clip(0.96 * kept + 0.12 * kept * rng.standard_normal(episodes), 0.02, 1.05)
    fallen = rng.random(episodes) > kept
    steps = np.where(fallen, 1000 * shares, 1000).astype(int)
    errors = 0.02 * (1.0 + hardness / half) * rng.uniform(0.8, 1.2, episodes)
    persistence = 0.05 * (1.0 + 0.5 * hardness) * rng.uniform(0.8, 1.2, episodes)
    return Measurement(
        policy.name, bundle['sha256'], family, level, fault, elapsed,
        returns=tuple((REFERENCE * shares).tolist()),
        steps=tuple(steps.tolist()),
        fallen=tuple(fallen.tolist()),
        stopped=(False,) * episodes,
        errors=tuple(errors.tolist()),
        persistence=tuple(persistence.tolist()),
    )  # fmt: skip


def _odd(row, policies, families):
    if row.policy == policies[-1].name and row.family == families[-1].name:
        count = len(row.returns)
        return Measurement(
            row.policy, row.bundle, row.family, row.level, row.fault, row.elapsed,
            returns=(3.0,) * count, steps=(2,) * count, fallen=(False,) * count,
            stopped=(True,) * count, errors=(None,) * count, persistence=(None,) * count,
        )  # fmt: skip
    first = families[0]
    if (row.policy, row.fault) == (policies[0].name, first.fault(first.levels[-1])):
        return Measurement(
            row.policy, row.bundle, row.family, row.level, row.fault, row.elapsed,
            error='the worker was killed twice',
        )  # fmt: skip
    return row
