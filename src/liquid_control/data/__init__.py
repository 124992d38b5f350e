"""Sequence data sets, read as their publishers distribute them. Needs NumPy alone."""
