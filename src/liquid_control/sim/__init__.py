"""Walker2d in MuJoCo: one world that emits messages, and many at once for training."""
