"""How the shipped policies were trained, from the provenance in their bundles."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from liquid_control import paths
from liquid_control.control.bundle import Bundle, BundleError

ROBOT = 'walker2d'
"""The robot of the benchmarks whose policies are compared."""
_LEARNER = 'train', 'policy'


class Training(NamedTuple):
    """What two policies must share to count as equally trained.

    Attributes:
        rounds: rounds of imitation.
        updates: gradient steps a round.
        fine_tuning: rounds of reinforcement.
        others: other options that change the training, as (option, value).
        teacher: digest of the teacher's bundle.
        seeds: number of seeds of which the best ships.
    """

    rounds: int
    updates: int
    fine_tuning: int
    others: tuple[tuple[str, str], ...]
    teacher: str
    seeds: int


def trainings(names: Iterable[str], digests: Mapping[str, str]) -> dict[str, Training]:
    """Name of a shipped policy → its training; unknown policies and trainings are left out.

    Args:
        names: of policies.
        digests: name → digest of the policy's bundle; one without is taken for the one that ships.
    """
    shipped = paths.policies(ROBOT)
    found = {
        name: _training(shipped[name], digests.get(name, '')) for name in set(names) & set(shipped)
    }
    return {name: one for name, one in found.items() if one is not None}


def _training(path: Path, digest: str) -> Training | None:
    try:
        bundle = Bundle.read(path)
    except (BundleError, OSError):
        return None
    if digest and bundle.sha256 != digest:
        return None
    return training(
        str(bundle.provenance.get('command', '')),
        str(bundle.provenance.get('teacher_sha256', '')),
        len((bundle.scores.get('seeds') or {}).get('seeds', ())),
    )


def training(command: str, teacher: str, seeds: int) -> Training | None:
    """The training that a command describes; None if it is not one of a student, or not known.

    An option that is not given has its present default.

    Args:
        command: the recorded command line.
        teacher: digest of the teacher's bundle.
        seeds: number of seeds of which the best ships.
    """
    # imports MuJoCo, which pages of other studies do not need
    from liquid_control.training.student.settings import FineTuningSettings, StudentSettings

    words = shlex.split(command)
    if tuple(words[1:3]) != _LEARNER or not teacher or not seeds:
        return None
    given = _options(words[3:])
    try:
        numbers = [
            int(given.get(name, default))
            for name, default in (
                ('--rounds', StudentSettings.rounds),
                ('--updates', StudentSettings.updates),
                ('--fine-tune', FineTuningSettings.rounds),
            )
        ]
    except ValueError:
        return None
    named = ('--optimizer', '--learning-rate', '--conditions')
    others = tuple((name, given[name]) for name in named if name in given)
    return Training(*numbers, others, teacher, seeds)


def _options(words: list[str]) -> dict[str, str]:
    """Option → value, given as ``--name value`` or ``--name=value``."""
    found = {}
    for place, word in enumerate(words):
        name, equals, value = word.partition('=')
        if name.startswith('--'):
            found[name] = value if equals else ''.join(words[place + 1 : place + 2])
    return found
