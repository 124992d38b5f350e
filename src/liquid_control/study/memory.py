"""Accuracy against memory: every cell at several widths, each trained for few steps."""

from pathlib import Path

from liquid_control.study.footing import Footing
from liquid_control.study.sequences import StudyData
from liquid_control.study.synthetic.data import SyntheticData
from liquid_control.study.walker2d_kinematics.comparison import Walker2dKinematics

UNITS = (8, 16, 32, 64, 128, 256)
FOOTING = Footing(
    sizes=UNITS, size='units', updates=300, learning_rates=(0.004, 0.02, 0.1),
    tuning_share=0.2, batch=16, rounds=10,
)  # fmt: skip
"""Less than two core-hours on the damped sine, of which the LTC of 256 units takes a third."""
QUICK = Footing(
    cells=('cfc', 'gru', 'lstm', 'ltc'), sizes=(8, 32), size='units', updates=20,
    learning_rates=(0.01,), batch=16, rounds=2, seeds=2,
)  # fmt: skip


def data_set(folder: Path | None) -> StudyData:
    """The Walker2d kinematics if their folder is given, else damped sines, sampled irregularly."""
    if folder is not None:
        return Walker2dKinematics(folder)
    return SyntheticData('damped-sine', 'irregular')
