"""Training needs the [train] extra; where it is not installed, its tests are left out."""

import importlib.util

_needed = ('torch', 'stable_baselines3')
collect_ignore_glob = [] if all(map(importlib.util.find_spec, _needed)) else ['test_*.py']
