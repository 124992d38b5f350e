"""Trainings, and what they share: checkpoints, folders, devices, optimizers, export to bundles."""
