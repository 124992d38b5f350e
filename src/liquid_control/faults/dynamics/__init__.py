"""Faults of the robot's dynamics, one file each."""
