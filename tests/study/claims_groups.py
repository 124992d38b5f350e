"""Made groups of scores for the tests of claims."""

from liquid_control.evaluation.robustness import Estimate
from liquid_control.report.study.groups import Group, Score, Source
from liquid_control.study import claims


def group(liquid, gated, study='walker2d-kinematics', **more):
    """Two cells with intervals, less is better."""
    scores = {'cfc': Score(Estimate(*liquid)), 'gru': Score(Estimate(*gated))}
    source = Source(f'{study}.json', 'ab' * 32, 'liquid-control study')
    return Group(study, 'made', 'test mse', False, scores, source, **more)


def judged(groups, name='Competitive accuracy'):
    return next(one for one in claims.judge(groups) if one.claim.name == name)


BETTER, WORSE = (0.5, 0.4, 0.6), (0.9, 0.8, 1.0)


def walks(**trainings):
    """A group under noise with a liquid cell and two gated ones that return more."""
    scores = {name: Score(Estimate(*BETTER)) for name in ('cfc', 'gru')}
    scores['lstm'] = Score(Estimate(*WORSE))
    source = Source('robustness.csv', 'ab' * 32, '')
    return Group(
        'robustness', 'noise 0.1', 'return', True, scores, source,
        family='noise', trainings=trainings,
    )  # fmt: skip
