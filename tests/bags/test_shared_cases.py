"""Bags that went wrong for users of other tools, cut small: each gives what is right.

They are not part of this repository: tests are skipped where the folder is not there. Each fault
has a test with inputs of its own beside this one.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.bags.coverage import coverage
from liquid_control.bags.draft import draft
from liquid_control.bags.recording import read_recording
from liquid_control.cli import main as cli
from liquid_control.control import BundleError, Contract, ContractError
from liquid_control.replay.fleet import replay_recording

DATA = Path(os.environ.get('LIQUID_CONTROL_DATA', paths.share().parent / 'shared/data'))
CASES = DATA / 'cases'
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f'{CASES} is not there')

READ_WHOLE = {
    'file_order': ('blocks_mcap', 'blocks_sqlite', 'halves_mcap', 'sorted'),
    'unit_spelling': ('bag',),
    'velstop_sentinel': ('bag',),
    'partial_publishers': ('bag', 'bag_gripper'),
    'not_utf8': ('bad_topic_name.mcap', 'definition_latin1.mcap', 'frame_id.mcap', 'sqlite_topic'),
    'schema_without_dependencies': (
        'comments.mcap', 'crlf.mcap', 'empty_schema.mcap', 'full.mcap', 'long_dep.mcap',
        'short_name.mcap', 'toplevel_only.mcap',
    ),
    'custom_type': ('crlf.mcap', 'lf.mcap', 'toplevel.mcap'),
    'renamed_storage': ('bag',),
    'two_recordings_one_folder': ('merged',),
    'degrees': ('bag',),
}  # fmt: skip


def contract(case, name='leg'):
    return Contract.load(CASES / case / f'{name}.yaml')


def replayed(case, bag, name='leg', robot=None):
    folder = CASES / case
    return replay_recording(
        str(folder / bag),
        robot=str(folder / f'{robot or name}.yaml'),
        policies=[str(folder / f'{name}.onnx')],
    )


@pytest.mark.parametrize(('case', 'bag'), [(c, b) for c, bags in READ_WHOLE.items() for b in bags])
def test_every_message_is_read_and_the_exit_code_is_0(case, bag, capsys):
    robot = sorted((CASES / case).glob('*.yaml'))[0]
    assert cli.main(['bag', str(CASES / case / bag), '--robot', str(robot)]) == 0
    assert capsys.readouterr().out.startswith('OK ')


@pytest.mark.parametrize('bag', ['blocks_mcap', 'blocks_sqlite', 'halves_mcap'])
def test_file_order_equals_sorted(bag):
    folder, robot = CASES / 'file_order', contract('file_order')
    true, found = (read_recording(Bag(folder / name), robot) for name in ('sorted', bag))
    assert len(found) == 300
    assert found.sha256 == true.sha256
    names = ('prediction_mse', 'persistence_mse', 'used', 'horizons')
    (truth,), (score,) = (replayed('file_order', name)['policies'] for name in ('sorted', bag))
    assert {name: score[name] for name in names} == {name: truth[name] for name in names}
    assert coverage(Bag(folder / bag))['topics'] == coverage(Bag(folder / 'sorted'))['topics']


@pytest.mark.parametrize('name', ['Nm', 'Nm_ascii', 'one'])
def test_a_unit_is_known_or_the_replay_is_not_complete(name):
    try:
        found = replayed('unit_spelling', 'bag', name)
    except (BundleError, ContractError):
        return  # the unit, or a bundle that was sealed with another spelling, is refused
    compared = found['policies'][0]['actions_compared']
    assert found['complete'] == (compared > 0)


@pytest.mark.parametrize('name', ['jt', 'nocommand', 'twist', 'wrongtype'])
def test_commands_are_compared_or_it_is_said_why_not(name):
    found = replayed('command_types', 'bag', name)
    (score,) = found['policies']
    if name == 'jt':
        assert found['complete']
        assert score['actions_compared'] == 300
    else:
        assert not found['complete']
        assert 'commands not compared, because' in found['why']


def test_a_list_of_lists_ends_in_a_reason(capsys):
    folder = CASES / 'command_types'
    for name in ('dynamic', 'hold_jt'):
        robot = str(folder / f'{name}.yaml')
        assert cli.main(['bag', str(folder / 'bag'), '--robot', robot]) == 1
        captured = capsys.readouterr()
        assert '[].' in captured.out + captured.err


def test_both_markers_are_no_value_in_their_fields():
    topics = coverage(Bag(CASES / 'velstop_sentinel' / 'bag'))['topics']
    fields = topics['joint_commands']['fields']
    for field in ('position', 'velocity'):
        assert all(c['sentinel'] > 0 for c in fields[field]['channels'].values())


def test_two_publishers_are_joined():
    folder, robot = CASES / 'partial_publishers', contract('partial_publishers')
    assert len(read_recording(Bag(folder / 'bag'), robot)) == 299
    gripper = read_recording(Bag(folder / 'bag_gripper'), robot)
    assert 150 < len(gripper) < 300


def test_a_custom_type_needs_its_files_and_says_so(tmp_path, capsys):
    folder = CASES / 'custom_type'
    arguments = ['bag', str(folder / 'bag_humble_db3'), '--robot', str(folder / 'leg.yaml')]
    assert cli.main(arguments) == 1
    assert 'give its .msg files with --msgs FOLDER' in capsys.readouterr().out
    definition = Bag(folder / 'lf.mcap').tallies['motors'].channel.definition
    (tmp_path / 'my_msgs').mkdir()
    (tmp_path / 'my_msgs' / 'MotorStates.msg').write_text(definition.split('=' * 80)[0])
    assert cli.main([*arguments, '--msgs', str(tmp_path)]) == 0
    found = read_recording(Bag(folder / 'bag_humble_db3', msgs=tmp_path), contract('custom_type'))
    true = read_recording(Bag(folder / 'lf.mcap'), contract('custom_type'))
    assert found.sha256 == true.sha256


def test_a_public_bag_of_an_arm_on_a_rover(tmp_path):
    bag = Bag(CASES / 'husky_ur_humble' / 'bag')
    assert bag.damage is None
    assert all(map(bag.known, bag.counts))
    text = draft(coverage(bag), 'husky')
    (tmp_path / 'husky.yaml').write_text(text)
    for term in Contract.load(tmp_path / 'husky.yaml').terms:
        assert min(term.std) >= 0.999e-3 * max(term.std)
    (score,) = replayed('husky_ur_humble', 'bag', 'p999', 'd')['policies']
    ratios = [c['ratio'] for c in score['prediction_channels'].values() if c['ratio'] is not None]
    assert max([score['prediction_ratio'], *ratios]) < 1e6


def test_degrees_get_a_hint():
    found = coverage(Bag(CASES / 'degrees' / 'bag'), contract('degrees'))
    assert any('degrees?' in hint for hint in found['contract']['hints'])


def test_wrong_rates_are_thinned_or_refused():
    found = replayed('rate_mismatch', 'bag_500hz', 'leg50')
    assert found['complete'], found['why']
    assert found['policies'][0]['used'] == pytest.approx(40, abs=3)
    slow = replayed('rate_mismatch', 'bag_10hz', 'leg50')
    assert not slow['complete']
    assert slow['why'].startswith('observations come at 10 Hz, the contract asks for 50 Hz')


def test_a_twist_that_holds_is_read(tmp_path):
    robot = contract('live', 'Twist')
    recording = read_recording(Bag(CASES / 'command_types' / 'bag'), robot)
    assert np.isfinite(recording.values).all()
    assert recording.values[:, 3].any()
