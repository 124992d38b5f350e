"""Several publishers on one topic, each with a part of the joints, are joined by name."""

import numpy as np
import pytest
from odd_bags import (
    COUNT,
    NAMES,
    PERIOD_NS,
    START_NS,
    Odd,
    angles,
    good,
    leg,
    observe,
    state,
    term,
)

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.merging import merged
from liquid_control.bags.recording import read_recording
from liquid_control.control import Contract

_LATER_NS = 300_000


def parts(path, every=1, first=('hip', 'knee')):
    """Two publishers: one says hip and knee, the other, after it, toe in every n-th period."""
    odd = Odd(path)
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        for names, when in ((first, stamp), (('toe',), stamp + _LATER_NS)):
            if names == ('toe',) and step % every:
                continue
            place = [NAMES.index(name) for name in names]
            values = {f: np.asarray(getattr(state(step), f))[place] for f in
                      ('position', 'velocity', 'effort')}  # fmt: skip
            odd.add(state(step, when, name=list(names), **values), when)
    return odd.close()


def test_an_observation_has_every_joints_last_value(tmp_path):
    bag = Bag(parts(tmp_path / 'bag'))
    stamps, values = observe(bag)
    assert stamps == [START_NS + step * PERIOD_NS for step in range(1, COUNT)]
    assert (values[:, :2] == good(1)[:, :2]).all()
    assert (values[:, 2] == good()[:-1, 2]).all()
    assert bag.damage is None
    assert bag.left_out == {('joint_states', 'no position of toe within 0.05 s before it'): 1}
    assert any('hold a part of the joints asked for: joined' in note for note in bag.notes)
    recording = read_recording(Bag(bag.path), Contract.from_dict(leg()))
    assert recording.values.tobytes() == values.tobytes()


def test_a_value_older_than_the_freshness_is_not_used(tmp_path):
    contract = Contract.from_dict({**leg(), 'freshness': 0.005})
    stamps = [item.now for item in merged(Bag(parts(tmp_path / 'bag', every=10)), contract, {})]
    after = [(stamp - START_NS) % (10 * PERIOD_NS) // PERIOD_NS for stamp in stamps]
    assert set(after) == {1, 2}, 'two periods of 2 ms are younger than 5 ms'


def test_policies_that_ask_for_less_hear_what_they_heard_before(tmp_path):
    bag = Bag(parts(tmp_path / 'bag'))
    asked = [term(joints=['hip']), term(joints=['toe']), term()]
    contracts = [Contract.from_dict(leg(one)) for one in asked]
    heard = [0, 0, 0]
    for item in merged(bag, contracts[2], {}, contracts):
        for taker in item.takers:
            heard[taker] += 1
    assert heard == [COUNT, COUNT, COUNT - 1]


def test_where_no_publisher_has_a_joint_the_message_says_so(tmp_path):
    with pytest.raises(BagError, match=r"none of 300 messages can be used: .*'wrist'"):
        observe(Bag(parts(tmp_path / 'bag')), term(joints=['hip', 'knee', 'wrist', 'toe']))


def test_one_message_with_all_joints_is_as_good_as_two(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(COUNT):
        odd.add(state(step), START_NS + step * PERIOD_NS)
    _, values = observe(Bag(odd.close()))
    assert (values[3] == angles(3).astype(np.float32)).all()
