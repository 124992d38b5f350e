"""Training end to end, small, as a user would start it; and what ships still walks."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='needs the [train] extra')
pytest.importorskip('stable_baselines3', reason='needs the [train] extra')

from liquid_control import cli, paths
from liquid_control.control import Bundle, Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import parse

ROBOT = Contract.load(paths.robot('walker2d'))


@pytest.mark.parametrize('cell', ['cfc', 'lstm'])
def test_a_policy_is_trained_from_the_command_line(cell, tmp_path):
    out = tmp_path / 'policy.onnx'
    arguments = ['train', 'policy', '--cell', cell, '--rounds', '2', '--seed', '3']
    assert cli.main([*arguments, '--out', str(out), '--checkpoints', str(tmp_path)]) == 0
    bundle = Bundle.read(out)
    assert bundle.cell == cell
    assert bundle.provenance['seed'] == 3
    assert (
        bundle.provenance['teacher_sha256']
        == Bundle.read(paths.policy('expert', 'walker2d')).sha256
    )
    assert set(bundle.scores) == {'none', 'gaussian:0.1', 'dropped:0.1'}
    assert (tmp_path / 'best.safetensors').exists()


def test_an_expert_is_trained_from_the_command_line(tmp_path):
    out = tmp_path / 'expert.onnx'
    assert cli.main(['train', 'expert', '--steps', '8192', '--out', str(out)]) == 0
    assert Bundle.read(out).counts['parameters'] > 0


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--cell', 'lstn', '--out', 'x.onnx'], "did you mean 'lstm'"),
        (['--cell', 'cfc', '--out', 'x.pt'], 'expected a file named .onnx, found x.pt'),
        (['--cell', 'cfc', '--out', 'x.onnx', '--teacher', 'cfc'], 'a teacher asks for'),
    ],
)
def test_a_wrong_argument_is_named(arguments, said, capsys):
    assert cli.main(['train', 'policy', *arguments]) == 1
    assert said in capsys.readouterr().err.replace('\n', ' ')


@pytest.mark.parametrize('name', ['cfc', 'lstm', 'expert'])
def test_what_ships_walks(name):
    runner = PolicyRunner(paths.policy(name, 'walker2d'))
    walks = run_episodes(Controller(runner, ROBOT), ROBOT, episodes=3, seed=1000)
    assert np.mean([walk.total for walk in walks]) > 2000


@pytest.mark.slow
@pytest.mark.parametrize('name', ['cfc', 'lstm', 'expert'])
@pytest.mark.parametrize('fault', ['none', 'gaussian:0.1', 'dropped:0.1'])
def test_what_ships_reaches_what_it_says(name, fault):
    bundle = Bundle.read(paths.policy(name, 'walker2d'))
    said = bundle.scores[fault]
    controller = Controller(PolicyRunner(bundle), ROBOT)
    walks = run_episodes(controller, ROBOT, parse(fault), said['episodes'], said['seed'])
    mean = np.mean([walk.total for walk in walks])
    assert mean == pytest.approx(said['return_mean'], rel=0.15)
    if fault == 'none':
        assert mean >= 3000
