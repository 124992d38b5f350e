"""Messages that were not written in the order of their log times are read in that order."""

import numpy as np
import odd_bags
import pytest
from odd_bags import COUNT, JOINT_STATE, PERIOD_NS, START_NS, Odd, good, leg, observe, state, states
from rosbags.rosbag2 import StoragePlugin

from liquid_control.bags.bag import Bag
from liquid_control.bags.coverage import coverage
from liquid_control.bags.recording import read_recording
from liquid_control.bags.sorting import Sorted
from liquid_control.bags.storage import Channel
from liquid_control.control import Contract

STORAGES = (StoragePlugin.MCAP, StoragePlugin.SQLITE3)
HALVES = [*range(COUNT // 2, COUNT), *range(COUNT // 2)]
BLOCKS = [step for block in range(0, COUNT, 30) for half in (15, 0)
          for step in range(block + half, block + half + 15)]  # fmt: skip
SWAPPED = [step + 1 - 2 * (step % 2) for step in range(COUNT)]


def written(path, order, storage=StoragePlugin.MCAP, **changes):
    """A bag with its messages in this order; their log times tell the true one."""
    return states(
        path,
        lambda step: state(order[step], **changes),
        lambda step: START_NS + order[step] * PERIOD_NS + 100_000,
        storage=storage,
    )


@pytest.mark.parametrize('storage', STORAGES, ids=lambda storage: storage.name)
@pytest.mark.parametrize('order', [HALVES, BLOCKS, SWAPPED], ids=['halves', 'blocks', 'swapped'])
def test_every_message_is_read_by_log_time(tmp_path, order, storage):
    bag = Bag(written(tmp_path / 'bag', order, storage))
    stamps, values = observe(bag)
    assert stamps == [START_NS + step * PERIOD_NS for step in range(COUNT)]
    assert (values == good()).all()
    assert bag.damage is None
    assert bag.notes == ['joint_states: not written in order of time: sorted by log time']
    recording = read_recording(Bag(bag.path), Contract.from_dict(leg()))
    assert (len(recording), recording.skipped) == (COUNT, 0)


@pytest.mark.parametrize('order', [HALVES, BLOCKS, SWAPPED], ids=['halves', 'blocks', 'swapped'])
def test_what_is_found_equals_the_sorted_bag(tmp_path, order):
    contract = Contract.from_dict(leg())
    true = coverage(Bag(written(tmp_path / 'true', range(COUNT))), contract)
    found = coverage(Bag(written(tmp_path / 'bag', order)), contract)
    assert found['topics'] == true['topics']
    assert found['contract'] == true['contract']
    assert found['bag']['duration_s'] == true['bag']['duration_s'] > 0.0


def test_receive_clock_set_back_keeps_order(tmp_path):
    path = states(
        tmp_path / 'bag',
        received=lambda s: START_NS + s * PERIOD_NS - (s > COUNT // 2) * 3_600_000_000_000,
    )
    bag = Bag(path)
    _, values = observe(bag)
    assert (values == good()).all()
    assert any('the clock that received them was set back' in note for note in bag.notes)
    assert coverage(bag)['bag']['duration_s'] > 0.0


def test_sorting_leaves_other_topics_alone(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(COUNT):
        odd.add(state(step), START_NS + step * PERIOD_NS)
        late = HALVES[step]
        odd.add(state(late), START_NS + late * PERIOD_NS, '/others')
    bag = Bag(odd.close())
    found = [(m.header.stamp.sec, m.header.stamp.nanosec) for m in bag.messages('others')]
    assert found == sorted(found)
    assert [n for n in bag.notes if 'sorted' in n] == [
        'others: not written in order of time: sorted by log time'
    ]
    assert len(list(bag.decoded())) == 2 * COUNT


def test_two_recordings_in_one_folder_are_read_by_time(tmp_path):
    later = written(tmp_path / 'a', range(COUNT))
    earlier = states(
        tmp_path / 'b',
        lambda step: state(step, START_NS - 3_600_000_000_000 + step * PERIOD_NS),
        lambda step: START_NS - 3_600_000_000_000 + step * PERIOD_NS,
    )
    folder = tmp_path / 'both'
    folder.mkdir()
    for place, bag in (('1.mcap', later), ('2.mcap', earlier)):
        odd_bags.storage_file(bag).rename(folder / place)
    bag = Bag(folder)
    stamps, _ = observe(bag)
    assert stamps == sorted(stamps)
    assert len(stamps) == 2 * COUNT
    assert bag.damage is None
    assert coverage(bag)['bag']['duration_s'] == pytest.approx(
        3600 + COUNT * PERIOD_NS / 1e9, abs=0.01
    )


def test_sorting_keeps_messages_of_equal_times_in_order(tmp_path):
    rng = np.random.default_rng(0)
    times = rng.integers(0, 1000, 5000).tolist()
    channels = [Channel('a', JOINT_STATE), Channel('b', JOINT_STATE)]
    records = [(channels[n % 2], time, str(n).encode()) for n, time in enumerate(times)]
    found = Sorted(tmp_path, iter(records))
    assert found.topics == {'a', 'b'}
    for topics in (['a'], ['a', 'b']):
        expected = sorted((r for r in records if r[0].topic in topics), key=lambda r: r[1])
        assert list(found.read(topics)) == expected
