"""The cost of a step and of a training step of each cell, compared with ncps and torch."""
