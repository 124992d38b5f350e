"""Families of faults for every comparison of robustness, and presets of three difficulties.

Levels go from what a policy hardly notices to what makes most of them fall.
"""

from collections.abc import Iterable
from dataclasses import replace

from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.evaluation.episodes import require_faults
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.unchanging import own_unchanged, unchanging
from liquid_control.faults import FaultError

_STD = "σ, in units of a channel's std"

ROBUSTNESS: tuple[Family, ...] = (
    Family('noise', 'noise on every reading', _STD, 'gaussian:{}', (0.03, 0.1, 0.2, 0.3)),
    Family(
        'bias', 'a constant offset of every channel, up or down', "± a channel's std",
        'bias:{}', (0.02, 0.05, 0.1, 0.2),
    ),
    Family(
        'drift', 'offsets that grow with time', "a channel's std a second",
        'drift:{}', (0.01, 0.03, 0.1, 0.3),
    ),
    Family(
        'random_walk', 'offsets that wander', "a channel's std after a second",
        'random_walk:{}', (0.01, 0.03, 0.1, 0.2),
    ),
    Family(
        'spikes', 'single readings that are off by 5 std', 'probability, each channel and sample',
        'spikes:{}:5', (0.0001, 0.0003, 0.001, 0.003),
    ),
    Family(
        'quantisation', 'readings in whole steps', "a channel's std",
        'quantisation:{}', (0.1, 0.3, 0.6, 1.0),
    ),
    Family(
        'dropped', 'messages that are lost', 'probability', 'dropped:{}', (0.1, 0.3, 0.5, 0.7)
    ),
    Family(
        'repeated', 'messages that repeat the last reading, 5 in a row', 'probability of beginning',
        'repeated:{}:5', (0.01, 0.03, 0.1, 0.3),
    ),
    Family(
        'stuck', 'channels that stick for 5 samples', 'probability, each channel and sample',
        'stuck:{}:5', (0.003, 0.01, 0.03, 0.1),
    ),
    Family(
        'frozen', 'one channel of each term frozen, once in every 250 samples',
        'samples that it is frozen', 'frozen:1/burst:{}:250', (12, 31, 62, 125),
    ),
    Family(
        'dropout', 'channels that read 0 for 5 samples', 'probability, each channel and sample',
        'dropout:{}:5', (0.0001, 0.0003, 0.001, 0.003),
    ),
    Family('removed', 'the angles and speeds of the feet read 0', '', 'removed:0:on=*foot*'),
    Family(
        'delay', 'readings that arrive late', 'samples', 'delay:{}', (1, 2, 3, 4, 6)
    ),
    Family(
        'stamps', 'stamps that are wrong', 'σ, in nominal periods',
        'stamp_jitter:{}', (0.05, 0.1, 0.25, 0.5),
    ),
    Family(
        'command_noise', 'noise on every command', "σ, in units of half a joint's range",
        'command_noise:{}', (0.05, 0.1, 0.3, 0.6),
    ),
    Family(
        'command_delay', 'commands that act late', 'control periods',
        'command_delay:{}', (1, 2, 3, 6),
    ),
    Family(
        'command_repeat', 'commands that are lost', 'probability',
        'command_repeat:{}', (0.1, 0.3, 0.5, 0.7),
    ),
    Family(
        'command_hold', 'commands that act for several periods', 'control periods',
        'command_hold:{}', (2, 3, 4), unchanged=1.0,
    ),
)  # fmt: skip
"""Faults of sensors and commands."""

GENERALIZATION: tuple[Family, ...] = (
    Family(
        'period', 'another control period', 'ms', 'period_ms:{}', (4, 12, 16), unchanged=8.0
    ),
    Family(
        'uneven', 'uneven control periods', 'σ, in nominal periods',
        'jitter:{}', (0.1, 0.25, 0.5),
    ),
    Family(
        'friction', 'friction of every geom', "times the model's",
        'friction:{}', (0.14, 0.3, 0.5, 0.7, 1.4, 2.0, 5.7), unchanged=1.0,
    ),
    Family(
        'base_mass', 'mass of the base', "times the model's",
        'mass:{}', (0.03, 0.4, 0.7, 1.3, 1.36), unchanged=1.0,
    ),
    Family(
        'thigh_mass', 'mass of the thighs', "times the model's",
        'mass:{}:*thigh*', (0.025, 0.4, 0.7, 1.3, 1.48), unchanged=1.0,
    ),
    Family(
        'damping', 'damping of the joints', "times the model's",
        'damping:{}', (0.0, 2.0, 5.0, 10.0, 20.0), unchanged=1.0,
    ),
    Family(
        'motor', 'strength of the motors', "times the model's",
        'motor:{}', (0.6, 0.8, 0.9, 1.1, 1.3), unchanged=1.0,
    ),
    Family('slope', 'a slope', 'degrees, above 0 uphill', 'slope:{}', (-6, -3, 3, 6)),
    Family(
        'push', 'a push of 12 periods in every 250', 'N', 'push:{}', (25, 50, 100, 200)
    ),
)  # fmt: skip
"""Faults of clock and dynamics. Friction and masses span what RRLS (Zouitine et al. 2024) has for
Walker2d: friction 0.1 to 4.0 (0.7 in the model), the torso 0.1 to 5.0 kg (3.665), a thigh 0.1 to
6.0 kg (4.058). They are factors, so that they mean something for other robots too."""


BENCHMARKS = {'robustness': ROBUSTNESS, 'generalization': GENERALIZATION}
"""Name of a benchmark → its families."""


def _preset(
    name: str, sigma: float, delay: int, chance: float, samples: int, hold: int
) -> tuple[Family, ...]:
    """One difficulty of the RealWorldRL suite: each of its faults alone, and all together."""
    noise, late = f'gaussian:{sigma:g}', f'delay:{delay}'
    dropout, stuck = f'dropout:{chance:g}:{samples}', f'stuck:{chance:g}:{samples}'
    shaken, delayed, held = f'command_noise:{sigma:g}', f'command_delay:{delay}', []
    by_chance = f'for {samples} samples, with probability {chance:g}'
    families = [
        _one(f'{name}_noise', f'σ = {sigma:g} on readings and commands', noise, shaken),
        _one(f'{name}_delay', f'readings and commands {delay} steps late', late, delayed),
        _one(f'{name}_dropout', f'channels that read 0 {by_chance}', dropout),
        _one(f'{name}_stuck', f'channels that stick {by_chance}', stuck),
    ]
    if hold > 1:  # a command that acts for one period is as it was
        held = [f'command_hold:{hold}']
        families.append(_one(f'{name}_hold', f'commands that act for {hold} periods', *held))
    every = noise, dropout, stuck, late, delayed, shaken, *held
    return (*families, _one(f'{name}_all', f'all of {name} together', *every))


def _one(name: str, title: str, *faults: str) -> Family:
    """A family of one level: these faults together."""
    return Family(name, title, '', '+'.join(faults))


PRESETS: dict[str, tuple[Family, ...]] = {
    'easy': _preset('easy', 0.1, 3, 0.01, 1, 1),
    'medium': _preset('medium', 0.3, 6, 0.05, 5, 2),
    'hard': _preset('hard', 1.0, 9, 0.1, 10, 3),
}
"""The combined challenges of the RealWorldRL suite (Dulac-Arnold et al. 2020). Its noise is in the
units of the readings, here in their standard deviations; its change of a thigh's length, its late
rewards and its meaningless readings have no counterpart here."""


def preset(name: str) -> tuple[Family, ...]:
    """Look up a preset by name.

    Raises:
        ValueError: there is none of that name; the message names the nearest.
    """
    if name not in PRESETS:
        raise ValueError(unknown('preset', name, PRESETS))
    return PRESETS[name]


def fitting(
    families: Iterable[Family], robot: Contract
) -> tuple[tuple[Family, ...], dict[str, str]]:
    """The families that a robot can have, and name → why it lacks the others, or a level.

    Raises:
        ValueError: the robot is not simulated.
    """
    kept, left_out = [], {}
    for family in families:
        own = replace(family, unchanged=own_unchanged(family, robot))
        whys = {level: _why_not(own.template.format(f'{level:g}'), robot) for level in own.levels}
        levels = tuple(level for level, why in whys.items() if not why)
        if levels:
            kept.append(replace(own, levels=levels))
            left_out |= {f'{own.name} at {level:g}': why for level, why in whys.items() if why}
        elif whys:
            left_out[own.name] = '; '.join(dict.fromkeys(whys.values()))
    return tuple(kept), left_out


def _why_not(fault: str, robot: Contract) -> str:
    """Why a robot cannot have a fault, or it changes nothing; empty if neither."""
    try:
        require_faults(robot, [fault])
    except FaultError as error:
        return str(error)
    return unchanging(fault, robot)
