"""Policies over recorded bags: passes, scores, free runs, the trust alarm. Requires no torch."""
