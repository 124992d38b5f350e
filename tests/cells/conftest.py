"""Cells need torch; their tests are skipped if it is not installed."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec('torch') else ['test_*.py']
