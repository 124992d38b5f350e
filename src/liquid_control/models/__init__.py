"""What surrounds a cell: a policy for a contract, and a predictor of the next observation."""
