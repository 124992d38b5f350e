"""Episodes of many worlds at once, equal to single ones to the last step."""
