"""What a step and a training step of each cell cost, beside ncps and torch."""
