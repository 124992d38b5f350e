"""Recorded bags: read as far as they go, in stamp order, and what they hold."""
