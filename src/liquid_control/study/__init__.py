"""The Walker2d kinematics study: published recipes, a comparison, our own model."""
