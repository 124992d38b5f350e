"""Work in independent pieces: processes, and sweeps that resume."""
