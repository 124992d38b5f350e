"""About how long runs take on one core: measured gradient steps of every cell."""

from collections.abc import Iterable, Mapping

from liquid_control.study.run import COMPARISON, TUNING, Run

_STEP_S: Mapping[tuple[str, int, int], Mapping[str, float]] = {
    ('budget', 5000, 32): {
        'cfc': 0.0093, 'cfc_mixed': 0.026, 'cfc_ncp': 0.014, 'cfc_no_gate': 0.01,
        'cfc_pure': 0.01, 'ctrnn': 0.017, 'gru': 0.012, 'liquid_s4': 0.032, 'lrc': 0.02,
        'lstm': 0.0049, 'ltc': 0.04, 'ltc_ncp': 0.042, 'mlp': 0.0045, 'rnn': 0.0066, 'stc': 0.019,
    },
    ('budget', 20000, 32): {
        'cfc': 0.016, 'cfc_mixed': 0.031, 'cfc_ncp': 0.023, 'cfc_no_gate': 0.015,
        'cfc_pure': 0.015, 'ctrnn': 0.029, 'gru': 0.017, 'liquid_s4': 0.062, 'lrc': 0.042,
        'lstm': 0.0076, 'ltc': 0.11, 'ltc_ncp': 0.11, 'mlp': 0.0069, 'rnn': 0.0086, 'stc': 0.044,
    },
    ('budget', 20000, 64): {
        'cfc': 0.058, 'cfc_mixed': 0.098, 'cfc_ncp': 0.096, 'cfc_no_gate': 0.06,
        'cfc_pure': 0.063, 'ctrnn': 0.13, 'gru': 0.07, 'liquid_s4': 0.32, 'lrc': 0.13,
        'lstm': 0.041, 'ltc': 0.25, 'ltc_ncp': 0.33, 'mlp': 0.045, 'rnn': 0.05, 'stc': 0.14,
    },
    ('budget', 100000, 32): {
        'cfc': 0.033, 'cfc_mixed': 0.052, 'cfc_ncp': 0.079, 'cfc_no_gate': 0.031,
        'cfc_pure': 0.036, 'ctrnn': 0.12, 'gru': 0.034, 'liquid_s4': 0.16, 'lrc': 0.16,
        'lstm': 0.021, 'ltc': 0.79, 'ltc_ncp': 0.84, 'mlp': 0.027, 'rnn': 0.027, 'stc': 0.26,
    },
    ('units', 8, 16): {
        'cfc': 0.0089, 'cfc_mixed': 0.032, 'cfc_ncp': 0.0082, 'cfc_no_gate': 0.0084,
        'cfc_pure': 0.0083, 'ctrnn': 0.0076, 'gru': 0.011, 'liquid_s4': 0.014, 'lrc': 0.013,
        'lstm': 0.0039, 'ltc': 0.026, 'ltc_ncp': 0.016, 'mlp': 0.0024, 'rnn': 0.0078,
        'stc': 0.011,
    },
    ('units', 16, 16): {
        'cfc': 0.0093, 'cfc_mixed': 0.031, 'cfc_ncp': 0.0092, 'cfc_no_gate': 0.0088,
        'cfc_pure': 0.012, 'ctrnn': 0.0077, 'gru': 0.018, 'liquid_s4': 0.019, 'lrc': 0.014,
        'lstm': 0.0043, 'ltc': 0.03, 'ltc_ncp': 0.018, 'mlp': 0.0035, 'rnn': 0.0062, 'stc': 0.012,
    },
    ('units', 32, 16): {
        'cfc': 0.011, 'cfc_mixed': 0.036, 'cfc_ncp': 0.014, 'cfc_no_gate': 0.012,
        'cfc_pure': 0.013, 'ctrnn': 0.009, 'gru': 0.014, 'liquid_s4': 0.034, 'lrc': 0.019,
        'lstm': 0.0052, 'ltc': 0.048, 'ltc_ncp': 0.023, 'mlp': 0.003, 'rnn': 0.0093, 'stc': 0.017,
    },
    ('units', 64, 16): {
        'cfc': 0.013, 'cfc_mixed': 0.052, 'cfc_ncp': 0.019, 'cfc_no_gate': 0.017,
        'cfc_pure': 0.013, 'ctrnn': 0.012, 'gru': 0.014, 'liquid_s4': 0.058, 'lrc': 0.035,
        'lstm': 0.0074, 'ltc': 0.11, 'ltc_ncp': 0.03, 'mlp': 0.0035, 'rnn': 0.0071, 'stc': 0.034,
    },
    ('units', 128, 16): {
        'cfc': 0.028, 'cfc_mixed': 0.061, 'cfc_ncp': 0.015, 'cfc_no_gate': 0.022,
        'cfc_pure': 0.019, 'ctrnn': 0.019, 'gru': 0.03, 'liquid_s4': 0.092, 'lrc': 0.09,
        'lstm': 0.011, 'ltc': 0.37, 'ltc_ncp': 0.053, 'mlp': 0.006, 'rnn': 0.0098, 'stc': 0.084,
    },
    ('units', 256, 16): {
        'cfc': 0.062, 'cfc_mixed': 0.14, 'cfc_ncp': 0.028, 'cfc_no_gate': 0.058, 'cfc_pure': 0.03,
        'ctrnn': 0.047, 'gru': 0.044, 'liquid_s4': 0.23, 'lrc': 0.34, 'lstm': 0.027, 'ltc': 1.8,
        'ltc_ncp': 0.13, 'mlp': 0.015, 'rnn': 0.022, 'stc': 0.3,
    },
}  # fmt: skip
"""Size of a model and batch → cell → processor seconds of a gradient step, median of a few.

5,000 parameters: synthetic sequences of 64 steps; 20,000 and 100,000 in batches of 32: windows of
64 frames of Walker2d; 20,000 in batches of 64: patients of PhysioNet 2012; units: synthetic
sequences of 64 steps.
"""


def core_seconds(run: Run) -> float | None:
    """About how long a compared run trains on one core; None if its cost was not measured."""
    if run.part not in (COMPARISON, TUNING):
        return None
    size = next(iter(run.model.items()), ('', 0))
    cells = _STEP_S.get((*size, run.recipe.batch), {})
    return cells[run.cell] * run.recipe.updates if run.cell in cells else None


def estimate(runs: Iterable[Run]) -> str:
    """A line on how many runs there are, and how long those train whose cost is known."""
    every = list(runs)
    known = [seconds for seconds in map(core_seconds, every) if seconds is not None]
    if not known:
        return f'{len(every):,} runs'
    total = sum(known)
    time = f'{total / 3600:.1f} core-hours' if total >= 360 else f'{total:.0f} core-seconds'
    rest = len(every) - len(known)
    others = f'; the time of the other {rest:,} is not known' if rest else ''
    return f'{len(known):,} of {len(every):,} runs train for about {time} (an estimate){others}'
