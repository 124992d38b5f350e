"""Studies need the [train] extra; where it is not installed, the tests are left out."""

from support import needs_training, one_thread

__all__ = ['one_thread']

collect_ignore_glob = needs_training()
