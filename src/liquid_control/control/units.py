"""Units of a contract: every spelling of one unit becomes the same text.

``Nm``, ``N.m``, ``N*m`` and ``newton metre`` become ``N·m``; ``m/s²`` and ``m s^-2`` become
``m/s^2``. Values are never converted: degrees stay degrees.
"""

import re

from liquid_control.control.schema import nearest

UNKNOWN = '?'
"""The unit of a channel whose unit is not known yet, as in a draft."""
_ONE = ('1', '-', 'none', 'dimensionless', 'unitless', 'ratio')
_SYMBOLS = (
    'kN', 'N', 'kg', 'g', 'lx', 'V', 'mV', 'A', 'mA', 'W', 'J', 'K', '°C', 'kPa', 'Pa', 'bar', 'T',
    'Hz', 'Ω', 'F', 'H', 'C', 'lm', 'cd', 'mol', 'rpm', 'px', 'm', 'km', 'cm', 'mm', 'µm', 'rad',
    'mrad', 'deg', 'rev', 'h', 'min', 's', 'ms', 'µs', 'ns', 'count', '%',
)  # fmt: skip
"""In the order in which factors are written: N·m, not m·N."""
_WORDS = {
    'newton': 'N', 'newtons': 'N', 'kilogram': 'kg', 'kilograms': 'kg', 'gram': 'g', 'grams': 'g',
    'metre': 'm', 'metres': 'm', 'meter': 'm', 'meters': 'm', 'millimetre': 'mm',
    'millimetres': 'mm', 'millimeter': 'mm', 'millimeters': 'mm', 'second': 's', 'seconds': 's',
    'sec': 's', 'minute': 'min', 'minutes': 'min', 'hour': 'h', 'hours': 'h', 'radian': 'rad',
    'radians': 'rad', 'degree': 'deg', 'degrees': 'deg', '°': 'deg', 'volt': 'V', 'volts': 'V',
    'ampere': 'A', 'amperes': 'A', 'amp': 'A', 'amps': 'A', 'watt': 'W', 'watts': 'W',
    'joule': 'J', 'joules': 'J', 'kelvin': 'K', 'celsius': '°C', 'degC': '°C', '℃': '°C',
    'pascal': 'Pa', 'pascals': 'Pa', 'tesla': 'T', 'hertz': 'Hz', 'ohm': 'Ω', 'Ohm': 'Ω',
    'us': 'µs', 'μs': 'µs', 'um': 'µm', 'μm': 'µm', 'percent': '%', 'counts': 'count',
    'Nm': 'N·m', 'Nms': 'N·m·s', 'mps': 'm/s', 'pixel': 'px', 'pixels': 'px',
}  # fmt: skip
_KNOWN = {**{symbol: symbol for symbol in _SYMBOLS}, **_WORDS}
_SUPERSCRIPTS = str.maketrans('⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹', '-+0123456789')
_PART = re.compile(r'([^\W\d_]+|[°℃Ω%]\w*|1)(?:\^?([-+]?\d+))?|([/()])')
_BETWEEN = re.compile(r'[\s·⋅•∙×*._-]*')


def canonical(text: str) -> str | None:
    """The one spelling of a unit; None if it is not a known unit."""
    if text.strip().lower() in _ONE:
        return '1'
    if text.strip() == UNKNOWN:
        return UNKNOWN
    powers = _powers(text)
    return None if powers is None else _written(powers)


def suggestion(text: str) -> str | None:
    """The known unit most likely meant by an unknown one."""
    near = nearest(text, [*_KNOWN, 'N·m', 'rad/s', 'm/s', 'm/s^2', 'rad/s^2'])
    return None if near is None else canonical(near)


def _powers(text: str) -> dict[str, int] | None:
    """Symbol → power; None if something in the text is unknown."""
    text = re.sub(r'[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹]+', lambda found: '^' + found[0], text.strip())
    text = text.translate(_SUPERSCRIPTS).replace('**', '^')
    text = re.sub(r'\bper\b', '/', text)
    text = re.sub(r'\s*\bsquared\b', '^2', text)
    powers: dict[str, int] = {}
    place, below, group = 0, False, False  # whether the next factor, or its group, divides
    if text.count('(') != text.count(')') or not re.search(r'[^\s/()]', text):
        return None
    while place < len(text):
        found = _PART.match(text, place)
        if found is None:
            return None
        between = _BETWEEN.match(text, found.end())
        place = found.end() if between is None else between.end()
        name, power, sign = found.groups()
        if sign:
            if sign == '/' and below:
                return None
            below, group = _after(sign, below, group)
            continue
        for symbol, own in _factors(name):
            if symbol is None:
                return None
            share = own * int(power or 1)
            powers[symbol] = powers.get(symbol, 0) + (-share if below or group else share)
        below = False
    if below:  # it ends with /
        return None
    return {symbol: power for symbol, power in powers.items() if power}


def _after(sign: str, below: bool, group: bool) -> tuple[bool, bool]:
    """Whether the next factor divides, and whether it is in a group that does."""
    if sign == '/':
        return True, group
    return False, below if sign == '(' else False


def _factors(name: str) -> list[tuple[str | None, int]]:
    """Symbols and powers of a name; None for one that is not known."""
    if name == '1':
        return []
    known = _KNOWN.get(name) or _KNOWN.get(name.lower() if name.lower() in _WORDS else name)
    if known is None:
        return [(None, 1)]
    above, *under = known.split('/')
    return [(s, 1) for s in above.split('·')] + [(s, -1) for s in under]


def _written(powers: dict[str, int]) -> str:
    def product(sign: int) -> list[str]:
        return [
            symbol if abs(powers[symbol]) == 1 else f'{symbol}^{abs(powers[symbol])}'
            for symbol in _SYMBOLS
            if powers.get(symbol, 0) * sign > 0
        ]

    above, under = product(1), product(-1)
    text = '·'.join(above) or '1'
    if len(under) > 1:
        return f'{text}/({"·".join(under)})'
    return f'{text}/{under[0]}' if under else text
