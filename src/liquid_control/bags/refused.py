"""Messages that are left out, counted by topic and reason."""

from collections import Counter

_MOST_REASONS = 8


class Refused(Counter[tuple[str, str]]):
    """(topic, why) → number of messages; reasons that differ only by a number do not pile up."""

    def count(self, topic: str, why: str) -> None:
        """Count one message."""
        if (topic, why) not in self and len(self) >= _MOST_REASONS:
            why = why.split(':')[0] + ': other reasons'
        self[topic, why] += 1
