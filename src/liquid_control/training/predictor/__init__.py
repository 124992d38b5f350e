"""Predictors of the next observation, trained on recorded bags."""
