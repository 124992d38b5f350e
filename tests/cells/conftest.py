"""Cells need torch; where it is not installed, their tests are left out."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec('torch') else ['test_*.py']
