"""Clocks of real bags: zero, missing, behind, set back, apart; each has a defined answer."""

import re

import numpy as np
import odd_bags
import pytest
from odd_bags import (
    COMMAND,
    COUNT,
    NAMES,
    PERIOD_NS,
    START_NS,
    Odd,
    good,
    leg,
    observe,
    said,
    state,
    states,
    term,
)
from recording import header, ros
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.commands import StampedCommands
from liquid_control.bags.coverage import coverage
from liquid_control.bags.merging import merged, require_one_run
from liquid_control.control import Contract

DAY_NS = 86_400_000_000_000


def test_all_zero_stamps_use_receive_stamps(tmp_path):
    received = [START_NS + s * PERIOD_NS for s in range(COUNT)]
    path = states(tmp_path / 'bag', lambda s: state(s, stamp=0), received.__getitem__)
    bag = Bag(path)
    stamps, values = observe(bag)
    assert stamps == received
    assert (values == good()).all()
    assert bag.notes == [
        'joint_states is ordered by receive stamps: its header stamps are all zero'
    ]
    assert 'header stamps are all zero: receive stamps are used' in said(path)


def test_some_zero_stamps_are_left_out(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, stamp=None if s % 3 else 0))
    bag = Bag(path)
    stamps, _ = observe(bag)
    assert stamps == [START_NS + s * PERIOD_NS for s in range(COUNT) if s % 3]
    assert bag.left_out['joint_states', 'has no stamp, although others have one'] == 50
    assert '50 header stamps are zero: those messages are left out' in said(path)


def test_commands_without_a_header(tmp_path):
    odd = Odd(tmp_path / 'bag')
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step), stamp + 300_000)
        message = ros(COMMAND, layout=layout, data=np.arange(3.0) + step)
        odd.add(message, stamp, '/commands', COMMAND)
    bag = Bag(odd.close())
    told = term('data', 'commands', COMMAND, order=list(NAMES), hold=True)
    stamps, values = observe(bag, term(), told)
    assert stamps == [START_NS + s * PERIOD_NS for s in range(COUNT)]
    assert (values[:, 3] == np.arange(COUNT)).all()
    assert bag.notes == ['commands is ordered by receive stamps: it has no header']


def test_a_header_that_does_not_come_first_counts(tmp_path):
    store = get_typestore(Stores.ROS2_KILTED)
    text = 'float64[] q\nstd_msgs/Header header\n'
    store.register(get_types_from_msg(text, 'acme_msgs/msg/Late'))
    odd = Odd(tmp_path / 'bag', store=store)
    for step in range(COUNT):
        stamp = 0 if step == 9 else 10**9 + step * PERIOD_NS
        late = store.types['acme_msgs/msg/Late'](header=header(stamp), q=odd_bags.angles(step))
        odd.add(late, START_NS + step, '/late', 'acme_msgs/msg/Late')
    bag = Bag(odd.close())
    stamps, values = observe(bag, term('q', 'late', 'acme_msgs/msg/Late', order=list(NAMES)))
    assert stamps == [10**9 + s * PERIOD_NS for s in range(COUNT) if s != 9]
    assert (values == np.delete(good(), 9, axis=0)).all()


def test_no_headers_on_simulated_time(tmp_path):
    odd = Odd(tmp_path / 'bag')
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for step in range(COUNT):
        received = START_NS + 7 * step * PERIOD_NS  # time runs slower than in the simulation
        message = ros(COMMAND, layout=layout, data=np.arange(3.0) + step)
        odd.add(message, received - 3 * PERIOD_NS, '/commands', COMMAND)
        odd.add(state(step, stamp=10**9 + step * PERIOD_NS), received)
    told = term('data', 'commands', COMMAND, order=list(NAMES), hold=True)
    bag = Bag(odd.close())
    stamps, values = observe(bag, term(), told)
    assert stamps == [10**9 + s * PERIOD_NS for s in range(COUNT)]
    assert (values[:, 3] == np.arange(COUNT)).all()
    text = 'commands has no headers: its receive stamps are put on the clock of joint_states'
    assert text in bag.notes


def test_drifting_simulated_time_is_reported(tmp_path):
    path = states(
        tmp_path / 'bag',
        lambda s: state(s, stamp=10**9 + s * PERIOD_NS),
        lambda s: START_NS + 2 * s * PERIOD_NS,
    )
    stamps, _ = observe(Bag(path))
    assert stamps == [10**9 + s * PERIOD_NS for s in range(COUNT)]
    text = said(path)
    assert 'behind the receive clock' in text
    assert 'header and receive clock drift apart by 298 ms' in text


def test_a_clock_days_behind_is_used(tmp_path):
    def stamp(step):
        shift = -5 if step == 50 else -1 if step == 80 else 0
        return START_NS - 9 * DAY_NS + (step + shift) * PERIOD_NS

    path = states(tmp_path / 'bag', lambda s: state(s, stamp=stamp(s)))
    stamps, values = observe(Bag(path))
    assert stamps == [stamp(s) for s in range(COUNT)]  # the controller skips and counts them
    assert (values == good()).all()
    text = said(path)
    assert 'header clock 9.0 days behind the receive clock' in text
    assert 'stamps go back: 1' in text
    assert 'stamps equal to the previous one: 1' in text


def restarting(path, *, commands_too=True):
    """Three runs, each on a clock that starts 2 s earlier, with commands at half the rate."""
    odd, received = Odd(path), START_NS
    for run in range(3):
        for step in range(20):
            stamp = 10**9 + (1000 * (2 - run) + step) * PERIOD_NS
            odd.add(state(step + 20 * run, stamp=stamp), received)
            if step % 2 == 0:
                told = state(step + 20 * run, stamp=stamp if commands_too else received)
                odd.add(told, received + 1, '/joint_commands')
            received += PERIOD_NS
    return odd.close()


def test_a_clock_that_starts_anew_begins_a_new_run_on_all_topics(tmp_path):
    path = restarting(tmp_path / 'bag')
    _, values = observe(Bag(path), term(), term(topic='joint_commands', hold=True))
    assert (values[:, :3] == good()[:60]).all()
    assert (values[:, 3:] == good()[np.arange(60) // 2 * 2]).all()
    assert 'its clock is set back: 2' in said(path)


def test_a_clock_that_starts_anew_on_one_topic_only_is_refused(tmp_path):
    path = restarting(tmp_path / 'bag', commands_too=False)
    with pytest.raises(
        BagError, match=r'restart a different .* \(joint_states 2, joint_commands 0\)'
    ):
        observe(Bag(path), term(), term(topic='joint_commands', hold=True))
    assert len(observe(Bag(path))[0]) == 60


def test_one_stamp_far_back_is_no_new_run(tmp_path):
    path = states(tmp_path / 'bag', lambda s: state(s, stamp=7 if s in (30, 90) else None))
    stamps, values = observe(Bag(path))
    assert stamps[30] == stamps[90] == 7
    assert (values == good()).all()
    assert 'set back' not in said(path)


def told_and_felt(path, clock, told_clock=None):
    """States, and commands at half their rate, whose stamps are what ``clock`` makes of a step's.

    Args:
        told_clock: the same for the commands; by default ``clock``.
    """
    odd = Odd(path)
    for step in range(COUNT):
        received = START_NS + step * PERIOD_NS
        odd.add(state(step, stamp=clock(step, received)), received + 100_000)
        if step % 2 == 0:
            stamp = (told_clock or clock)(step, received)
            odd.add(state(step, stamp=stamp), received + 200_000, '/joint_commands')
    return odd.close()


HELD = term(), term(topic='joint_commands', hold=True)


def test_a_clock_set_back_by_less_than_a_second(tmp_path):
    def clock(step, stamp):
        return stamp - 100_000_000 * (step >= 70)

    path = told_and_felt(tmp_path / 'bag', clock)
    bag = Bag(path)
    _, values = observe(bag, *HELD)
    assert (values[:, :3] == good()).all()
    assert (values[:, 3:] == good()[np.arange(COUNT) // 2 * 2]).all()
    assert 'its clock is set back: 1' in said(path)
    with pytest.raises(BagError, match=r'joint_states: its clock is set back at message 70 of 150'):
        require_one_run(bag, Contract.from_dict(leg(*HELD)), {})


def test_one_stamp_far_ahead_holds_up_nothing(tmp_path):
    def clock(step, stamp):
        return stamp + 150_000_000 * (step == 70)

    path = told_and_felt(tmp_path / 'bag', clock, lambda step, stamp: stamp)
    bag = Bag(path)
    stamps, values = observe(bag, *HELD)
    assert stamps[70] == START_NS + 70 * PERIOD_NS + 150_000_000  # as live; the timeline judges it
    holds = np.arange(COUNT) // 2 * 2
    holds[70] = 68  # when it was is not known: no later command than before it
    assert (values[:, 3:] == good()[holds]).all()
    assert 'stamps far ahead of the next: 1' in said(path)
    require_one_run(bag, Contract.from_dict(leg(*HELD)), {})


def test_no_command_from_the_future(tmp_path):
    path = told_and_felt(
        tmp_path / 'bag',
        lambda step, stamp: stamp + DAY_NS * (step == 70),
        lambda step, stamp: stamp,
    )
    data = leg()
    data['action'] = {**data['action'], 'topic': 'joint_commands', 'type': odd_bags.JOINT_STATE}
    contract, bag = Contract.from_dict(data), Bag(path)
    commands = StampedCommands(bag, contract, {})
    told = [
        commands.take(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec, now)
        for now, _, message, _ in merged(bag, contract, {})
    ]
    assert not told[70].answers
    assert [bool(one.answers) for one in told[72:140:2]] == [True] * 34
    np.testing.assert_allclose(told[100].command, good()[100], rtol=1e-6)


def test_undecoded_messages_shift_no_oddity(tmp_path):
    odd = Odd(tmp_path / 'bag')
    for step in range(COUNT):
        if step == 10:
            odd.raw('/joint_states', odd_bags.JOINT_STATE, b'\x00\x01\x00\x00\xff', START_NS)
        ahead = 3600 * 10**9 * (step == 70)
        stamp = START_NS + step * PERIOD_NS + ahead
        odd.add(state(step, stamp=stamp), START_NS + step * PERIOD_NS + 100_000)
    text = said(odd.close())
    assert 'stamps far ahead of the next: 1' in text
    assert 'go back' not in text


def test_messages_that_come_late_together_are_no_clock_set_back(tmp_path):
    late = [*range(40), *range(60, 80), *range(40, 60), *range(80, COUNT)]
    path = states(tmp_path / 'bag', lambda place: state(late[place]))
    assert len(observe(Bag(path))[0]) == COUNT
    assert 'set back' not in said(path)


@pytest.mark.parametrize('off', [-3 * 86_400 * 10**9, -2 * 10**9, 2 * 10**9])
def test_headers_of_two_clocks_are_refused(tmp_path, off):
    path = told_and_felt(tmp_path / 'bag', lambda s, stamp: stamp, lambda s, stamp: stamp + off)
    side = 'behind' if off < 0 else 'ahead of'
    said = rf'joint_commands are {re.escape(f"{abs(off) / 1e9:.3g}")} s {side} those of'
    with pytest.raises(BagError, match=said):
        observe(Bag(path), *HELD)


def test_an_old_command_is_no_other_clock(tmp_path):
    odd = Odd(tmp_path / 'bag')
    odd.add(state(7, stamp=START_NS - 60 * 10**9), START_NS, '/joint_commands')  # latched
    for step in range(COUNT):
        odd.add(state(step), START_NS + step * PERIOD_NS + 100_000)
    _, values = observe(Bag(odd.close()), *HELD)
    assert (values[:, 3:] == good()[7]).all()


def test_a_clock_that_runs_unevenly_is_still_one_clock(tmp_path):
    """A simulation at a tenth of its speed for the first half of the time; states in the middle."""
    odd = Odd(tmp_path / 'bag')
    for step in range(COUNT):
        received = START_NS + step * 1_000_000_000
        stamp = 10**9 + (step if step < 75 else 10 * step - 675) * 100_000_000
        odd.add(state(step, stamp=stamp), received, '/joint_commands')
        if 50 <= step < 100:
            odd.add(state(step, stamp=stamp), received)
    assert len(observe(Bag(odd.close()), *HELD)[0]) == 50


def test_bursts_of_receive_stamps_change_nothing(tmp_path):
    def received(step):
        return START_NS + step // 20 * 40_000_000 + step % 20 // 2 * 30_000

    path = states(tmp_path / 'bag', received=received)
    stamps, values = observe(Bag(path))
    assert stamps == [START_NS + s * PERIOD_NS for s in range(COUNT)]
    assert (values == good()).all()
    text = said(path)
    assert 'receive stamps equal to the previous one: 75 (not used)' in text
    assert 'received in bursts' in text


def test_gaps_and_bursts_are_found_where_they_are(tmp_path):
    def stamp(step):
        return START_NS + step * PERIOD_NS + (600_000_000 if step >= 100 else 0) + (
            -PERIOD_NS + 12_000 if step == 120 else 0
        )  # fmt: skip

    path = states(tmp_path / 'bag', lambda s: state(s, stamp=stamp(s)))
    found = coverage(Bag(path))['topics']['joint_states']
    assert found['gaps'] == found['bursts'] == 1
    assert found['longest_ms'] == pytest.approx(602.0)
    assert found['longest_at_s'] == pytest.approx(0.198)
    assert found['rate_hz'] == pytest.approx(500.0, rel=1e-3)
