"""Sequence data sets, read as their publishers distribute them. Requires only NumPy."""
