"""Measuring policies: episodes, metrics, latency, replay of bags, reports."""
