"""Closed loop: episodes, suites of faults, scores, metrics and statistics. Requires no torch."""
