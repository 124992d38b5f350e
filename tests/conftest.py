"""Found by pytest first, so that every folder of tests can import ``support``."""
