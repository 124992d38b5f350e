"""A policy around a cell, and a predictor around a cell."""
