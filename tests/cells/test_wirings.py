"""Wirings: as in ncps, built once, and refused with a reason if impossible."""

import numpy as np
import pytest
from ncps import wirings as reference

from liquid_control.cells import wirings


def test_an_automatic_wiring_is_that_of_ncps():
    theirs = reference.AutoNCP(64, 6)
    theirs.build(17)
    ours = wirings.build('auto', 17, 64, motors=6)
    assert np.array_equal(ours.inner, theirs.adjacency_matrix)
    assert np.array_equal(ours.sensory, theirs.sensory_adjacency_matrix)
    assert (np.count_nonzero(ours.inner), np.count_nonzero(ours.sensory)) == (474, 289)
    assert (ours.synapses, ours.motors) == (763, 6)
    assert sorted(unit for layer in ours.layers for unit in layer) == list(range(64))


def test_an_ncps_wiring_can_be_used_twice():
    theirs = reference.AutoNCP(20, 4)
    first, second = (wirings.build(theirs, 5, 20) for _ in range(2))
    assert np.array_equal(first.sensory, second.sensory)
    assert not theirs.is_built()


def test_layers_can_be_told():
    layers = {
        'inter_neurons': 8, 'command_neurons': 4, 'motor_neurons': 2, 'sensory_fanout': 3,
        'inter_fanout': 2, 'recurrent_command_synapses': 4, 'motor_fanin': 3,
    }  # fmt: skip
    assert [len(layer) for layer in wirings.build(layers, 5, 14).layers] == [8, 4, 2]
    with pytest.raises(ValueError, match=r'did you mean .inter_fanout'):
        wirings.build({**layers, 'inter_fan_out': 2}, 5, 14)
    with pytest.raises(ValueError, match='expected 15 units, found 14'):
        wirings.build(layers, 5, 15)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'wiring': 'atuo'}, r"did you mean 'auto'"),
        ({'motors': 18}, 'expected at least 21 units for 18 motors'),
        ({'wiring': 'full', 'motors': 21}, 'expected 1 to 20 motors, as they are units, found 21'),
        ({'sparsity': 1.0}, r'expected a value in \[0, 1\), found 1.0'),
        ({'wiring': reference.AutoNCP(19, 2)}, 'expected 20 units, found 19'),
    ],
)
def test_what_cannot_be_wired_is_refused_in_words(arguments, message):
    with pytest.raises(ValueError, match=message):
        wirings.build(**{'wiring': 'auto', 'input_size': 5, 'units': 20, **arguments})
