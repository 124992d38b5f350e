"""Files in which faults were once seen, which are not part of the repository."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get('LIQUID_CONTROL_DATA') or Path(__file__).parents[2] / 'shared/data')


def case(name: str) -> Path:
    """A folder of ``$LIQUID_CONTROL_DATA/cases`` or ``../shared/data/cases``; skips if missing."""
    folder = DATA / 'cases' / name
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there; LIQUID_CONTROL_DATA names the folder above cases')
    return folder
