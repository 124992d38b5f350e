"""Topics that were recorded under other names."""


def renaming(text: str) -> tuple[str, str]:
    """``TOPIC=RECORDED`` → both, without the leading slash.

    Raises:
        ValueError: one of them is missing.
    """
    topic, separator, recorded = text.partition('=')
    if not separator or not topic or not recorded:
        raise ValueError(f'observed: expected TOPIC=RECORDED, found {text}')
    return topic.strip('/'), recorded.strip('/')
