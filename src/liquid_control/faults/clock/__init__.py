"""Faults of the control period, one file each."""
