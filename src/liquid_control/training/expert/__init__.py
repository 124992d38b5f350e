"""The expert: PPO through Stable-Baselines3."""
