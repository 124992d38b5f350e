"""Studies need the [train] extra; the tests are skipped if it is not installed."""

from support import needs_training, one_thread

__all__ = ['one_thread']

collect_ignore_glob = needs_training()
