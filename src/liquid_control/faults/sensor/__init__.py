"""Faults of readings, one file each."""
