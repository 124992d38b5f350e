"""Training: the expert by PPO, the students by imitation, and export to bundles."""
