"""The Walker2d kinematics study: its data, published recipes, comparison and best model."""
