"""The conditions of the study of synthetic series, and how they are carried out."""

import contextlib
import itertools
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from liquid_control.jobs import Progress
from liquid_control.study.carry_out import carry_out, results
from liquid_control.study.footing import Footing
from liquid_control.study.run import ResultStore
from liquid_control.study.sequences import StudyData
from liquid_control.study.synthetic.data import NOISES, SAMPLINGS, SyntheticData
from liquid_control.study.synthetic.systems import SYSTEMS

FOOTING = Footing(
    sizes=(5_000,), updates=2_000, learning_rates=(0.003, 0.01, 0.03), tuning_share=0.2, rounds=20
)
QUICK = Footing(
    cells=('cfc', 'ltc', 'gru'),
    sizes=(5_000,),
    updates=60,
    learning_rates=(0.02,),
    rounds=3,
    seeds=1,
)


def conditions(quick: bool = False) -> list[SyntheticData]:
    """Every system, sampling and noise; quick: two systems, sampled irregularly, with noise."""
    if quick:
        return [SyntheticData(name, 'irregular', NOISES[-1]) for name in ('damped-sine', 'lorenz')]
    return [SyntheticData(*each) for each in itertools.product(SYSTEMS, SAMPLINGS, NOISES)]


def carry_out_all(
    footing: Footing, data: Sequence[StudyData], folder: Path, workers: int, device: str = 'cpu'
) -> Generator[tuple[StudyData, Progress]]:
    """Carry out all missing runs, a condition after the other, each in a folder of its name."""
    for condition in data:
        states = carry_out(footing, store(folder, condition), condition, workers, device)
        with contextlib.closing(states):
            for progress in states:
                yield condition, progress


def all_results(
    footing: Footing, data: Sequence[SyntheticData], folder: Path
) -> dict[str, dict[str, Any]]:
    """Condition → its ``baselines``, and ``runs``: run name → result, for every finished run."""
    return {
        condition.name: {
            'title': condition.title,
            'unit': condition.signal.unit_name,
            'baselines': condition.baselines(),
            'runs': results(footing, store(folder, condition), condition),
        }
        for condition in data
    }


def store(folder: Path, condition: StudyData) -> ResultStore:
    """Where a condition's results are kept."""
    return ResultStore(folder / condition.name, condition.load().sha256)
