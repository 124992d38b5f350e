"""Faults of commands on their way to the joints, one file each."""
