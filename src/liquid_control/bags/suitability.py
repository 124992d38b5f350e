"""Whether a recording's rate and units can be those of a contract, judged by its numbers."""

import math
from collections.abc import Iterator
from typing import Any

from liquid_control.bags.names import recorded_name
from liquid_control.control.contract import Contract

FAST, SLOW = 1.5, 1.0 / 1.5
"""Rates over that of the contract from which every observation is not one step, and no observation
follows another by a step."""
_NEAR = 1.1
_WIDEST = 4.0 * math.pi
"""A joint that turns to and fro stays within two turns in rad."""


def too_slow(rate_hz: float | None, contract: Contract) -> str | None:
    """Why observations come too rarely for a contract; None if they do not."""
    if rate_hz is None or rate_hz >= SLOW * contract.rate:
        return None
    return (
        f'observations come at {rate_hz:.4g} Hz, the contract asks for {contract.rate:g} Hz: what '
        'a policy predicts for the next period is never observed'
    )


def hints(
    contract: Contract, observed: dict[str, str], topics: dict[str, Any], rate_hz: float | None
) -> Iterator[str]:
    """Say where a recording's numbers do not look like those of the contract.

    Args:
        contract: what is sensed.
        observed: contract topic → topic in the bag, where they differ.
        topics: what :func:`~liquid_control.bags.coverage.coverage` found of them.
        rate_hz: measured rate of complete observations; None if there are too few.
    """
    over = 1.0 if rate_hz is None else rate_hz / contract.rate
    if over >= FAST:
        yield (
            f'observations come at {rate_hz:.4g} Hz, the contract asks for {contract.rate:g} Hz: '
            f'by the clock, one in {over:.3g} is used'
        )
    elif over > _NEAR or SLOW <= over < 1.0 / _NEAR:
        yield f'observations come at {rate_hz:.4g} Hz, the contract asks for {contract.rate:g} Hz'
    for term in contract.sensed:
        about = topics.get(recorded_name(term.topic, observed), {}).get('fields', {})
        channels = about.get(term.field, {}).get('channels', {})
        names = dict(zip(channels, channels, strict=True))
        if term.order is not None:
            names = dict(zip(term.order, channels, strict=False))
        wide = []
        for joint, unit in zip(term.channels, term.units, strict=True):
            channel = channels.get(names.get(joint, ''), {})
            if unit == 'rad' and in_degrees(channel):
                wide.append(f'{joint} {channel["min"]:.3g} to {channel["max"]:.3g}')
        if wide:
            yield (
                f'{term.name}: {", ".join(wide[:4])}{" …" if len(wide) > 4 else ""}: no angles of '
                'a joint in rad, unless it turns on and on as a wheel; are they degrees?'
            )


def in_degrees(channel: dict[str, Any]) -> bool:
    """Whether a channel's range is too wide for the angle of a joint in rad."""
    if 'min' not in channel:
        return False
    low, high = channel['min'], channel['max']
    return high - low > _WIDEST and max(-low, high) <= 360.0
