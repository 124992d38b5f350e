"""Coverage reports known contents of a bag; a contract drafted from it loads and fits."""

import json
import os
from pathlib import Path

import numpy as np
import odd_bags
import pytest
from odd_bags import COUNT, NAMES, PERIOD_NS, START_NS, Odd, leg, state, states, term
from recording import imu, ros

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.bags.coverage import coverage
from liquid_control.bags.draft import draft
from liquid_control.bags.intervals import Intervals
from liquid_control.cli import main as cli
from liquid_control.control import Contract
from liquid_control.control.topics import is_own
from liquid_control.sim.messages import Header, Imu, Quaternion, Stamp, Vector

BAGS = Path(os.environ.get('LIQUID_CONTROL_DATA', paths.share().parent / 'shared/data')) / 'bags'
MULTI = 'std_msgs/msg/Float64MultiArray'
needs_go2 = pytest.mark.skipif(
    not (BAGS / 'go2_walk_mcap').is_dir(), reason=f'the Go2 bags are not in {BAGS}'
)


def walk(path, storage=odd_bags.StoragePlugin.MCAP):
    """States at 500 Hz, commands at 250 Hz that end after two thirds of the time."""
    odd = Odd(path, storage)
    for step in range(3 * COUNT):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step), stamp + 50_000)
        if step % 2 == 0 and step < 2 * COUNT:
            told = state(step, velocity=[0.0] * 3, effort=[])
            odd.add(told, stamp + 60_000, '/joint_commands')
    return odd.close()


def test_numbers_are_those_of_the_messages(tmp_path):
    found = coverage(Bag(walk(tmp_path / 'bag')))
    states_, told = found['topics']['joint_states'], found['topics']['joint_commands']
    assert (states_['messages'], told['messages']) == (3 * COUNT, COUNT)
    assert states_['rate_hz'] == pytest.approx(500.0)
    assert told['rate_hz'] == pytest.approx(250.0)
    assert states_['duration_s'] == pytest.approx((3 * COUNT - 1) * 0.002)
    expected = np.array([odd_bags.angles(s) for s in range(3 * COUNT)])
    channels = states_['fields']['position']['channels']
    assert list(channels) == list(NAMES)
    for place, name in enumerate(NAMES):
        assert channels[name]['std'] == pytest.approx(expected[:, place].std())
        assert channels[name]['mean'] == pytest.approx(expected[:, place].mean())
        assert channels[name]['min'] == expected[:, place].min()
    assert told['oddities'] == ['velocity: always zero: all', 'effort: always empty']


def test_a_contract_is_covered_while_its_terms_are_fresh(tmp_path):
    path = walk(tmp_path / 'bag')
    data = leg(term(), term(topic='joint_commands', hold=True))
    held = coverage(Bag(path), Contract.from_dict(data))['contract']
    assert (held['paced'], held['complete'], held['finite']) == (3 * COUNT,) * 3
    # the same topic without hold: observations after the last command are not complete
    told = term('velocity', 'joint_commands')
    waits = coverage(Bag(path), Contract.from_dict(leg(term(), told)))['contract']
    fresh_ms, end_ms = 50, 2 * (2 * COUNT - 2)
    assert waits['complete'] == 2 * COUNT - 1
    assert waits['terms'][1]['share'] == ((end_ms + fresh_ms) // 2 + 1) / (3 * COUNT)


def test_both_storages_give_equal_reports(tmp_path):
    contract = Contract.from_dict(leg())
    both = [
        coverage(Bag(walk(tmp_path / plugin.name, plugin)), contract)
        for plugin in odd_bags.StoragePlugin
    ]
    assert both[0]['topics'] == both[1]['topics']
    assert both[0]['contract'] == both[1]['contract']
    assert json.dumps(both[0])


@pytest.mark.parametrize('count', [1, 2, 5000, 9001])
def test_intervals_agree_with_all_of_them_at_once(count):
    rng = np.random.default_rng(count)
    stamps = np.cumsum(rng.integers(1_900_000, 2_100_000, count)) + START_NS
    intervals = Intervals()
    for stamp in stamps.tolist():
        intervals.add(stamp)
    found = intervals.summary()
    if count == 1:
        assert found['rate_hz'] is None
        return
    passed = np.diff(stamps)
    assert found['interval_ms'] == pytest.approx(np.median(passed) / 1e6, rel=2e-3)
    assert found['longest_ms'] == passed.max() / 1e6
    assert found['longest_at_s'] == pytest.approx((stamps[passed.argmax()] - stamps[0]) / 1e9)
    assert found['gaps'] == found['bursts'] == found['backward'] == found['repeated'] == 0


def test_a_draft_loads_and_covers_the_bag_that_it_is_of(tmp_path):
    bag = Bag(walk(tmp_path / 'bag'))
    target = tmp_path / 'leg.yaml'
    target.write_text(draft(coverage(bag), 'leg'))
    contract = Contract.load(target)
    assert contract.rate == 500.0
    assert [t.name for t in contract.terms] == [
        'joint_position', 'joint_velocity', 'joint_effort', 'commanded_position',
    ]  # fmt: skip
    assert [t.units[0] for t in contract.terms] == ['rad', 'rad/s', 'N·m', 'rad']
    assert contract.terms[3].hold
    assert contract.action.topic == 'joint_commands'
    found = coverage(bag, contract)['contract']
    assert found['finite'] == found['paced'] == 3 * COUNT
    assert target.read_text().count('# CHECK') > 8


@pytest.mark.parametrize(
    ('make', 'left'),
    [
        (lambda s: state(s, velocity=[], effort=[np.nan] * 3), {'joint_position'}),
        (lambda s: state(s, position=[], effort=[]), {'joint_velocity'}),
        (lambda s: state(s, velocity=[0.0] * 3, effort=[]), {'joint_position'}),
        (lambda s: state(s, name=[]), {'joint_position', 'joint_velocity', 'joint_effort'}),
        (lambda s: state(s, stamp=0, position=[1.0, 2.0, 3.0]),
         {'joint_position', 'joint_velocity', 'joint_effort'}),
    ],
)  # fmt: skip
def test_a_draft_of_an_odd_bag_has_what_can_be_used(tmp_path, make, left):
    bag = Bag(states(tmp_path / 'bag', make))
    target = tmp_path / 'leg.yaml'
    target.write_text(draft(coverage(bag), 'x: odd "name" #'))
    contract = Contract.load(target)
    assert {t.name for t in contract.terms} == left
    found = coverage(bag, contract)['contract']
    assert found['why_not'] is None
    assert found['finite'] == COUNT


def test_a_draft_of_a_bag_with_no_joints(tmp_path):
    odd = Odd(tmp_path / 'bag')
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        turn = Vector(np.sin(step), 0.1 * step, 1.0)
        sensed = Imu(Header(Stamp.of(stamp)), Quaternion(), turn, turn)
        odd.add(imu(stamp, sensed), stamp, '/imu', 'sensor_msgs/msg/Imu')
        odd.add(ros(MULTI, layout=layout, data=np.ones(2) * step), stamp, '/odd', MULTI)
    bag = Bag(odd.close())
    target = tmp_path / 'x.yaml'
    target.write_text(draft(coverage(bag), 'x'))
    contract = Contract.load(target)
    assert contract.topics == {'imu': 'sensor_msgs/msg/Imu'}
    assert coverage(bag, contract)['contract']['finite'] == COUNT


def test_draft_with_commands_always_zero(tmp_path):
    odd = Odd(tmp_path / 'bag')
    layout = ros('std_msgs/msg/MultiArrayLayout', dim=[], data_offset=0)
    for step in range(COUNT):
        stamp = START_NS + step * PERIOD_NS
        odd.add(state(step), stamp)
        odd.add(ros(MULTI, layout=layout, data=np.zeros(3)), stamp, '/commands', MULTI)
    target = tmp_path / 'x.yaml'
    target.write_text(draft(coverage(Bag(odd.close())), 'x'))
    assert 'no commands to go by' in target.read_text()
    assert Contract.load(target).action.joints == NAMES


def test_draft_of_a_run_is_of_the_robot(walks, tmp_path):
    folder = walks('gaussian:0.1').folder
    bag, target = Bag(folder), tmp_path / 'walker.yaml'
    assert {'sim/episode', 'policy/prediction', 'faulty/joint_states'} < bag.counts.keys()
    target.write_text(draft(coverage(bag), 'walker'))
    contract = Contract.load(target)
    assert contract.topics == {'joint_states': 'sensor_msgs/msg/JointState'}
    assert contract.action.topic == 'commands'
    assert len(contract.action.joints) == 6
    covered = coverage(bag, contract)['contract']
    assert covered['why_not'] is None
    assert covered['finite'] == bag.counts['joint_states']


@pytest.mark.parametrize('topic', ['policy/command', '/left/sim/episode', 'robot/faulty/imu/data'])
def test_topics_of_this_package_are_known_in_any_namespace(topic):
    assert is_own(topic)


@pytest.mark.parametrize('topic', ['joint_states', 'arm_policy/command', '/policy/commands'])
def test_topics_of_the_robot_are_its_own(topic):
    assert not is_own(topic)


def test_the_verb_is_right_about_the_whole(tmp_path, capsys):
    path = walk(tmp_path / 'walk')
    told, drafted = tmp_path / 'told.json', tmp_path / 'leg.yaml'
    assert cli.main(['bag', str(path), '--draft', str(drafted), '--json', str(told)]) == 0
    assert capsys.readouterr().out.startswith(f'OK {path}: 600 messages in 0.90 s (mcap), all')
    assert json.loads(told.read_text())['whole'] is True
    assert cli.main(['bag', str(path), '--robot', str(drafted)]) == 0
    assert f'{3 * COUNT} of {3 * COUNT} messages' in ' '.join(capsys.readouterr().out.split())
    assert cli.main(['bag', str(path), '--draft', str(drafted)]) == 1
    assert 'never overwritten' in capsys.readouterr().err
    assert cli.main(['bag', str(path), '--robot', 'walker2d']) == 1
    assert capsys.readouterr().out.startswith(f'NOT COVERED {path}: 600 messages')
    file = odd_bags.storage_file(path)
    file.write_bytes(file.read_bytes()[:-40])
    assert cli.main(['bag', str(tmp_path / 'none'), str(path), '--json', str(told)]) == 1
    said = capsys.readouterr().out
    assert 'no such folder' in said
    assert 'cut short' in said
    report = json.loads(told.read_text())
    assert report['whole'] is False
    assert report['bags'][1]['topics']['joint_states']['messages'] == 3 * COUNT


@pytest.mark.parametrize('fault', ['none', 'gaussian:0.2+dropped:0.15'])
def test_a_run_covers_the_contract_of_its_robot(walks, robot, fault):
    walk = walks(fault)
    found = coverage(Bag(walk.folder), robot, walk.run['observed'])
    assert found['bag']['whole']
    recorded = walk.run['observed']['joint_states']
    assert found['contract']['finite'] == found['topics'][recorded]['messages']


@needs_go2
def test_both_bags_of_the_go2_give_equal_reports():
    contract = Contract.load(paths.robot('go2'))
    found = [coverage(Bag(BAGS / name), contract) for name in ('go2_walk_mcap', 'go2_walk_db3')]
    assert found[0]['topics'] == found[1]['topics']
    assert found[0]['contract'] == found[1]['contract']
    assert found[0]['contract']['finite'] > 8460
    assert all(report['bag']['whole'] for report in found)
    joints = found[0]['topics']['joint_commands']['fields']['position']['channels']
    for name, low, high in zip(
        contract.action.joints, contract.action.lower, contract.action.upper, strict=True
    ):
        assert low <= joints[name]['min'] <= joints[name]['max'] <= high
