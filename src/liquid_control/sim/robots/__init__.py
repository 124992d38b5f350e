"""Descriptions of simulated robots, one a file; each file defines ``ROBOT``."""
