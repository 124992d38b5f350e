"""Every sensor fault treats a message alike, whichever terms are asked for and wherever it acts."""

import numpy as np
import pytest
from support import arm, joints

from liquid_control.control import Contract
from liquid_control.control.stamps import stamp_ns
from liquid_control.faults import BatchFaults, FaultError, FaultInjector, Streams, parse
from liquid_control.faults.registry import registry
from liquid_control.faults.signals import sensor_signals

PERIOD = 10_000_000
SENSED = [name for name, kind in registry().items() if kind.kind == 'sensor']
SPECS = [
    *SENSED,
    *(f'{name}@3' for name in SENSED),
    *(f'{name}/burst:4:9' for name in SENSED),
    'frozen:1/burst:3:7',
    'stuck:0.3:2+repeated:0.3:2+dropout:0.2:3',
    'bias:0.3:on=speed/wave:8+spikes:0.3:2:on=hip/ramp:9',
]


def robot():
    """A contract with two terms, angle and speed, of hip and knee on joint_states."""
    data = arm()
    angle = data['observation'][0]
    data['observation'] = [angle, {**angle, 'name': 'speed', 'field': 'velocity'}]
    return Contract.from_dict(data)


def messages(count):
    for number in range(count):
        message = joints(PERIOD * (number + 1), hip=1.0 + number, knee=-2.0 * number)
        message.velocity = np.array([0.5 * number, 7.0 + number])
        yield message


def injected(spec, *asked, count=25, seed=3):
    """Stamp, angles and speeds of each message after the faults; None if it was lost."""
    injector = FaultInjector(robot(), parse(spec), seed, asked or None)
    return [
        (stamp_ns(message), message.position.tolist(), message.velocity.tolist())
        if injector.apply('joint_states', message)
        else None
        for message in messages(count)
    ]


@pytest.mark.parametrize('spec', SPECS)
def test_which_terms_are_asked_for_changes_nothing(spec):
    """A replay reads what its policy asks for, the fault node everything."""
    whole = injected(spec)
    for place, name in ((1, 'angle'), (2, 'speed')):
        alone = injected(spec, name)
        assert [m and (m[0], m[place]) for m in alone] == [m and (m[0], m[place]) for m in whole]


@pytest.mark.parametrize('spec', SPECS)
def test_many_robots_that_read_one_term_meet_the_same(spec):
    contract, faults = robot(), parse(spec)
    seeds = (3, 4)
    many = BatchFaults.of(faults, np.ones((2, len(faults))), contract.asking('speed'), contract)
    streams = Streams(*seeds)
    one = [injected(spec, seed=seed) for seed in seeds]
    for number, message in enumerate(messages(25)):
        streams.at(*[PERIOD * (number + 1)] * 2)
        values, arrived = many.read(np.tile(message.velocity, (2, 1)), streams)
        for index in range(2):
            expected = one[index][number]
            assert arrived[index] == (expected is not None)
            if expected is not None:
                assert values[index].tolist() == expected[2]
                assert many.stamps[index] == expected[0]


@pytest.mark.parametrize('name', SENSED)
def test_a_fault_does_something_and_seeds_differ(name, monkeypatch):
    """Otherwise equality would show nothing. Seeds matter to a fault that draws numbers."""
    generators, drawn = Streams.generators, []

    def noted(streams, *what):
        drawn.append(what)
        return generators(streams, *what)

    monkeypatch.setattr(Streams, 'generators', noted)
    specs = {
        'removed': 'removed:0.25',
        'spikes': 'spikes:0.3:2',
        'quantisation': 'quantisation:0.3',
    }
    spec = specs.get(name, name)
    clean = [(stamp_ns(m), m.position.tolist(), m.velocity.tolist()) for m in messages(25)]
    first, other = injected(spec), injected(spec, seed=5)
    assert first != clean
    assert (first != other) == bool(drawn)


def test_the_channels_of_a_topic_are_those_of_its_terms():
    signal = sensor_signals(robot())['joint_states']
    assert signal.named('angle').tolist() == [True, True, False, False]
    assert signal.named('hip').tolist() == [True, False, True, False]
    assert signal.named('knee.velocity').tolist() == [False, False, False, True]
    assert signal.period_ns == robot().period_ns


def test_channels_that_are_not_there_are_refused():
    with pytest.raises(
        FaultError, match=r"bias: on: unknown channel 'sped' \(did you mean 'speed'\?\)"
    ):
        FaultInjector(robot(), parse('bias:0.2:on=sped'), 0)
    asked = FaultInjector(robot(), parse('bias:0.2:on=speed'), 0, ['angle'])
    message = next(messages(1))
    before = message.position.tolist()
    assert asked.apply('joint_states', message)
    assert message.position.tolist() == before, 'there, but not asked for'
