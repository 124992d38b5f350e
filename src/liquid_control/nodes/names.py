"""Names that several nodes, launch files and evaluations share."""

FAULTY = 'faulty/'
"""Namespace under which the fault node republishes the sensors."""
