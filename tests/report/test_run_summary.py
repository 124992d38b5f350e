"""What came of a run, in a sentence."""

import numpy as np
import pytest

from liquid_control.evaluation.timing import timing
from liquid_control.report.summary import about, summary


@pytest.mark.parametrize(
    ('ratio', 'text'),
    [
        (None, 'p ran 10 steps and fell: return 5.'),
        (0.25, 'p ran 10 steps and fell: return 5, prediction error 0.250 of persistence.'),
        (1.0, 'p ran 10 steps and fell: return 5, and it predicts no change.'),
    ],
)
def test_a_policy_that_predicts_no_change_is_named(ratio, text):
    figures = {'episodes': 1, 'falls': 1, 'steps_mean': 10.0, 'return_mean': 5.0}
    metrics = {'run': {'policy': 'p'}, 'figures': {**figures, 'prediction_ratio': ratio}}
    assert about(metrics).text == text


def test_a_return_that_is_not_finite_is_named():
    figures = {'episodes': 1, 'falls': 1, 'steps_mean': 10.0, 'return_mean': None}
    found = about({'run': {'policy': 'p'}, 'figures': figures})
    assert found.bad
    assert 'return is not a finite number' in found.text


@pytest.mark.parametrize('ended', ['', 'the sim node ended with 1'])
@pytest.mark.parametrize('mode', ['lockstep', 'realtime'])
def test_a_policy_that_stopped_itself_comes_first(mode, ended):
    figures = {'episodes': 1, 'falls': 0, 'steps_mean': 10.0, 'return_mean': 5.0}
    well = {'run': {'policy': 'q', 'mode': 'lockstep'}, 'complete': True, 'figures': figures}
    why = 'the policy stopped driving: overloaded'
    stopped = {
        'run': {'policy': 'p', 'mode': mode, 'fault': 'period:2'}, 'complete': False,
        'why': ended or why, 'figures': {}, 'counts': {'stopped': 'overloaded'},
        'timing': timing(np.zeros(0), 89, 100) if mode == 'realtime' else None,
    }  # fmt: skip
    first, second = summary([well, stopped])
    real = ' in real time' if mode == 'realtime' else ''
    also = f'; not complete: {ended}' if ended else ''
    assert first.text == f'p under period:2{real}: {why}{also}.'
    assert first.bad
    assert second.text == 'q ran 10 steps without falling: return 5.'


def test_a_walk_in_real_time_that_did_not_begin_is_told_apart():
    run = {'mode': 'realtime', 'policy': 'lstm', 'fault': 'none'}
    failed = {'complete': False, 'why': 'no clock', 'run': run, 'figures': {}, 'timing': None}
    (sentence,) = summary([failed])
    assert sentence == ('lstm in real time: not complete: no clock.', True)


def test_a_question_has_no_full_stop():
    run = {'mode': 'lockstep', 'policy': 'lstm', 'fault': 'none'}
    (sentence,) = summary(
        [{'complete': False, 'why': 'silence: has it died?', 'run': run, 'figures': {}}]
    )
    assert sentence.text == 'lstm: not complete: silence: has it died?'


def test_a_slow_walk_that_is_not_complete_says_both():
    late = {'missed_deadlines': 3, 'missed_share': 0.3, 'missed_limit': 0.01, 'periods': 10,
              'in_time': False}  # fmt: skip
    run = {'mode': 'realtime', 'policy': 'lstm', 'fault': 'none'}
    slow = {'complete': False, 'why': 'cut', 'run': run, 'figures': {}, 'timing': late}
    (sentence,) = summary([slow])
    assert sentence.bad
    assert sentence.text.endswith('too slow for real time beside this load; not complete: cut.')
