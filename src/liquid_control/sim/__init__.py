"""Walker2d in MuJoCo: one world that speaks in messages, and many at once for training."""
