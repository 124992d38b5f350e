"""Recorded bags: read as far as possible, in stamp order, and what they contain."""
