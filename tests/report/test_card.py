"""Model cards: what a policy has not been trained with."""

from dataclasses import replace

import pytest

from liquid_control import paths
from liquid_control.control import Bundle
from liquid_control.report.card import card


@pytest.mark.parametrize(
    ('faults', 'said'),
    [
        ((), 'Not trained with delays, nor with changed dynamics.'),
        (
            ('gaussian:0.1', 'command_delay:2'),
            'Not trained with delays, nor with changed dynamics.',
        ),
        (('delay:1', 'delay:2'), 'delays of more than 2 samples, nor with changed dynamics.'),
        (('delay:3', 'mass:1.3'), 'Not trained with delays of more than 3 samples.'),
    ],
)
def test_a_card_says_what_was_not_trained(faults, said):
    bundle = Bundle.read(paths.policy('cfc', 'walker2d'))
    conditions = {'chances': [{'probability': 0.5, 'faults': [fault]} for fault in faults]}
    training = {**bundle.settings['training'], 'conditions': conditions}
    text = card(replace(bundle, settings={**bundle.settings, 'training': training}))
    assert f'{said}\n' in text
