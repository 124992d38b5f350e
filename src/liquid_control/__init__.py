"""Liquid and gated recurrent controllers for robots: train, run and measure them alike."""

__version__ = '0.1.0'
