"""The Walker2d kinematics study: published recipes, a comparison of cells, and our own model."""
