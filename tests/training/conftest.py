"""Training needs the [train] extra; where it is not installed, its tests are left out."""

import importlib.util

import pytest

_needed = ('torch', 'stable_baselines3')
collect_ignore_glob = [] if all(map(importlib.util.find_spec, _needed)) else ['test_*.py']


@pytest.fixture(autouse=True)
def one_thread():
    """As the verbs train, and as results are equal bit for bit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
