"""One unit has one spelling in a contract, whatever its author wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import arm

from liquid_control.control import Contract, ContractError
from liquid_control.control.units import canonical, suggestion

SPELLINGS = {
    'N·m': 'Nm|N m|N.m|N·m|N*m|N-m|N⋅m|m·N|newton metre|Newton-metre|newton meters|N×m',
    'rad': 'rad|radian|radians|Radians',
    'rad/s': 'rad/s|rad/sec|rad / s|rad s^-1|rad·s⁻¹|radians per second|rad s-1|rad.s^-1',
    'm/s': 'm/s|mps|m s-1|metres per second|m·s^-1',
    'm/s^2': 'm/s^2|m/s²|m/s**2|m s^-2|m/s2|metres per second squared|m/(s·s)|m/s/s',
    '1': '1|dimensionless|unitless|m/m|none|-',
    'N·m/(rad·s)': 'N m/(rad s)|Nm/rad/s|N·m·rad^-1·s^-1',
    'N·m·s/rad': 'Nms/rad|N·m·s/rad',
    'deg/s': 'deg/s|°/s|degrees per second',
    '°C': '°C|degC|celsius',
    '1/s': '1/s|s^-1',
    '%': '%|percent',
    '?': '?',
}


@pytest.mark.parametrize(('one', 'spellings'), SPELLINGS.items())
def test_every_spelling_of_a_unit_becomes_one(one, spellings):
    assert {canonical(text) for text in spellings.split('|')} == {one}


@pytest.mark.parametrize(
    'text', ['Rad/S2x', 'nm', 'furlong', 'rad//s', 'rad/', 'N m?', '2', 'm^', '(', '(m', '', ' ']
)
def test_what_is_no_unit_is_none(text):
    assert canonical(text) is None


@pytest.mark.parametrize(('text', 'near'), [('nm', 'N·m'), ('rad/z', 'rad/s'), ('metrs', 'm')])
def test_the_nearest_unit_is_suggested(text, near):
    assert suggestion(text) == near


@given(st.text(max_size=20))
def test_normalising_never_fails_and_is_final(text):
    found = canonical(text)
    assert found is None or canonical(found) == found


def contract(unit):
    data = arm()
    data['action']['unit'] = unit
    return Contract.from_dict(data)


def test_contracts_whose_units_are_spelt_differently_are_equal():
    assert contract('Nm').hash == contract('newton metre').hash == contract(['N.m', 'N*m']).hash
    assert contract('Nm').action.units == ('N·m', 'N·m')


def test_an_unknown_unit_is_refused_with_the_nearest():
    with pytest.raises(ContractError, match=r"action: unit: expected .*mean N·m\?\), found 'nm'"):
        contract('nm')
