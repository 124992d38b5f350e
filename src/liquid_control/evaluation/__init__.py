"""Measure policies: episodes, metrics, latency and bag replay."""
