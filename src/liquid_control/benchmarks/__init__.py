"""What a step, the sensor-to-command loop, a replay and a training step cost, beside references."""
