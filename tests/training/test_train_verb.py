"""Training as a user runs it: a few rounds, a bundle at the end, and Ctrl-C."""

import io
import json
import signal
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from support import interruptible

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, PolicyRunner
from liquid_control.evaluation.suite import SCORED
from liquid_control.training.student.conditions import Conditions

EXPERT = str(paths.policy('expert', 'walker2d'))
HOPPER = str(paths.policy('expert', 'hopper'))


@pytest.fixture
def small(monkeypatch):
    """Makes rounds small and fast, because the verb only sets their number."""
    from liquid_control.models import Normalizer
    from liquid_control.training.student import imitation, publish
    from liquid_control.training.student import settings as all_settings

    unit = Normalizer(np.zeros(8), np.ones(8), np.full(8, 0.1))
    monkeypatch.setattr(imitation, 'measure_normalizer', lambda *given: unit)
    monkeypatch.setattr(publish, 'teacher_return', lambda *given: 5000.0)

    init = all_settings.StudentSettings.__init__

    def smaller(self, cell, **given):
        small = {'walkers': 8, 'steps': 16, 'batch': 8, 'burn_in': 4, 'episodes': 2,
                 'readout': 64}  # fmt: skip
        init(self, cell, **{**small, **given})

    monkeypatch.setattr(all_settings.StudentSettings, '__init__', smaller)
    tune = all_settings.FineTuningSettings.__init__

    def shorter(self, rounds, **given):
        tune(self, rounds, **{'warm_up': 1, 'walkers': 4, 'steps': 8, **given})

    monkeypatch.setattr(all_settings.FineTuningSettings, '__init__', shorter)


def test_a_policy(tmp_path, capsys, small):
    out, told = tmp_path / 'policy.onnx', tmp_path / 'told.json'
    arguments = ['train', 'policy', '--cell', 'cfc', '--rounds', '2', '--seed', '5',
                 '--fine-tune', '3']  # fmt: skip
    folder = tmp_path / 'kept'
    folder.mkdir()
    (folder / 'thesis.tex').write_text('years of work')
    kept = ['--checkpoints', str(folder), '--json', str(told)]
    assert cli.main([*arguments, *kept, '--out', str(out)]) == 0
    assert (folder / 'thesis.tex').read_text() == 'years of work'
    said = capsys.readouterr().out
    assert 'return_mean' not in said, 'figures are a table'
    assert all(fault in said for fault in SCORED)
    assert max(map(len, said.splitlines())) <= 80
    bundle, teacher = Bundle.read(out), Bundle.read(paths.policy('expert', 'walker2d'))
    assert bundle.trained_elapsed == Conditions().elapsed()
    assert bundle.cell == 'cfc'
    assert bundle.settings['training']['fine_tuning']['rounds'] == 3
    assert bundle.provenance['seed'] == bundle.settings['training']['seed'] == 5
    assert bundle.provenance['teacher_sha256'] == teacher.sha256
    assert set(bundle.scores) == set(SCORED)
    assert bundle.scores['none']['episodes'] == 50
    assert 0 <= bundle.scores['none']['percent'] < 50
    assert json.loads(told.read_text())['scores'] == bundle.scores
    assert 'wrote' in said
    assert cli.main(['train', 'card', str(out)]) == 0
    card = capsys.readouterr().out
    assert '| three samples late |' in card
    assert 'Then reinforcement learning (PPO) on the return: 64 steps' in card
    assert 'These are the scores of one seed' in card
    assert 'Not trained with delays of more than 3 samples' in card
    assert 'the readout of the prediction was solved by least squares' in card
    assert 'delay:1 or delay:2 or delay:3 (2 times as likely) in 70% of the episodes' in card
    before = out.read_bytes()
    assert cli.main([*arguments, *kept, '--out', str(out)]) == 0
    assert 'is trained already' in capsys.readouterr().out
    arguments[arguments.index('--rounds') + 1] = '3'
    assert cli.main([*arguments, *kept, '--out', str(out)]) == 1
    assert 'is from another run' in capsys.readouterr().err
    assert out.read_bytes() == before


def test_scores_anew(tmp_path, capsys):
    out, told = tmp_path / 'again.onnx', tmp_path / 'told.json'
    arguments = ['train', 'score', 'cfc', '--episodes', '2', '--seed', '7', '--json', str(told)]
    assert cli.main([*arguments, '--out', str(out)]) == 0
    first, again = Bundle.read(paths.policy('cfc', 'walker2d')), Bundle.read(out)
    assert again.provenance == first.provenance
    assert again.counts == first.counts
    assert set(again.scores) == set(SCORED), 'scores of several seeds are not of this one'
    found = again.scores['delay:3']
    assert (found['episodes'], found['seed']) == (2, 7)
    assert found['return_low'] <= found['return_mean'] <= found['return_high']
    assert found['percent'] == pytest.approx(
        100 * found['return_mean'] / found['teacher_return'], abs=0.1
    )
    assert json.loads(told.read_text())['scores'] == again.scores
    assert 'jitter:0.25' in capsys.readouterr().out
    louder = yaml.safe_load(paths.robot('walker2d').read_text())
    louder['observation'][0]['std'] = 1.0
    robot = tmp_path / 'louder.yaml'
    robot.write_text(yaml.safe_dump(louder))
    assert cli.main([*arguments, '--robot', str(robot)]) == 1
    assert 'noise would be of another size' in capsys.readouterr().err


def test_a_suite_leaves_out_what_a_robot_cannot_have(tmp_path, capsys):
    told = tmp_path / 'scores.json'
    suite = ['--robot', 'halfcheetah', '--suite', 'clock', '--episodes', '1', '--json', str(told)]
    assert cli.main(['train', 'score', 'expert', *suite]) == 0
    said = capsys.readouterr().err
    assert 'left out: period:1.5: period: expected whole physics steps of 10 ms' in said
    assert set(json.loads(told.read_text())['scores']) == {'none', 'jitter:0.25', 'period:2'}


def test_scores_of_other_episodes_are_not_mixed(tmp_path, capsys):
    out = tmp_path / 'again.onnx'
    alone = ['train', 'score', 'cfc', '--fault', 'delay:3@5', '--episodes', '1', '--seed']
    assert cli.main([*alone, '7', '--out', str(out)]) == 1
    assert 'give --episodes and --seed alike, or no --fault' in capsys.readouterr().err
    assert not out.exists()
    assert cli.main([*alone, '7']) == 0
    assert 'delay:3@5' in capsys.readouterr().out
    assert cli.main(['train', 'score', 'cfc', '--fault', 'delay:-3']) == 1
    assert 'expected a whole number in [0, 1000], found -3' in capsys.readouterr().err


def test_all_cards_at_once(tmp_path, capsys):
    assert cli.main(['train', 'card', '--all', '--out', str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(paths.policies('walker2d'))
    for wrong in (['card'], ['card', 'cfc', '--all'], ['card', '--all']):
        assert cli.main(['train', *wrong]) == 1
        assert 'expected' in capsys.readouterr().err


def test_comparison_table_fits_80_columns():
    from rich.console import Console

    from liquid_control.cli.train.policy import _table

    score = {'percent': {'mean': 104.4}, 'prediction_ratio': {'mean': 0.1234}}
    found = SimpleNamespace(scores={'seeds': {'seeds': [0, 1, 2], **dict.fromkeys(SCORED, score)}})
    console = Console(width=80, file=io.StringIO())
    console.print(_table({'cfc_no_gate': found, 'liquid_s4': found}))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert '…' not in console.file.getvalue()
    assert sum(line.split().count('104') for line in lines) == 2 * len(SCORED)


@pytest.mark.slow
def test_several_seeds_and_again(tmp_path, capsys):
    arguments = ['train', 'policy', '--cell', 'mlp', '--seeds', '2', '--fine-tune', '0', '--rounds']
    out = ['--out', str(tmp_path / 'all')]
    assert cli.main([*arguments, '1', '--workers', '2', *out]) == 0
    names = {path.name for path in (tmp_path / 'all' / 'policies').iterdir()}
    assert names == {'mlp.onnx'}
    results = json.loads((tmp_path / 'all' / 'results.json').read_text())
    assert results['complete']
    assert results['cells']['mlp']['seeds']['seeds'] == [0, 1]
    assert 'percent of the teacher' in (tmp_path / 'all' / 'cards' / 'mlp.md').read_text()
    assert not list((tmp_path / 'all' / 'runs').iterdir())
    capsys.readouterr()
    assert cli.main([*arguments, '1', *out]) == 0  # nothing left to do
    assert cli.main([*arguments, '2', *out]) == 1
    assert 'is from another run (settings: rounds 1, now 2)' in capsys.readouterr().err


@pytest.mark.parametrize('env', ['walker2d', 'hopper'])
def test_an_expert_and_a_teacher(tmp_path, capsys, monkeypatch, env):
    from liquid_control.training.expert import publish

    monkeypatch.setattr(publish, 'score', partial(publish.score, episodes=4))
    out, teacher = tmp_path / 'expert.onnx', tmp_path / 'teacher.onnx'
    arguments = ['train', 'expert', '--robot', env, '--steps', '4096', '--out', str(out)]
    assert cli.main([*arguments, '--teacher', str(teacher)]) == 0
    assert 'return_mean' not in capsys.readouterr().out, 'figures are a table'
    for path in (out, teacher):
        terms = [term.name for term in PolicyRunner(path).contract.terms]
        assert terms == ['joint_position', 'joint_velocity']
        scores = Bundle.read(path).scores
        assert scores['training']['episodes'] == 20
        assert scores['none']['seed'] == 500_000, 'not the episodes by which it was chosen'
        assert cli.main(['train', 'card', str(path)]) == 0
        card = capsys.readouterr().out
        assert f'| none | {scores["none"]["return_mean"]:.0f} [' in card
    assert sorted(p.name for p in tmp_path.iterdir()) == ['expert.onnx', 'teacher.onnx']
    before = out.read_bytes(), teacher.read_bytes()
    assert cli.main([*arguments, '--teacher', str(teacher)]) == 0
    assert ' '.join(capsys.readouterr().out.split()).count('is trained already') == 2
    assert cli.main([*arguments, '--teacher', str(teacher), '--seed', '1']) == 1
    assert 'is something else (seed 0, now 1)' in capsys.readouterr().err
    assert (out.read_bytes(), teacher.read_bytes()) == before, 'students know it by its hash'


def test_diverging_expert_names_its_reason(tmp_path, capsys, monkeypatch):
    import torch

    from liquid_control.training.expert import ppo as expert

    def update(model):
        with torch.no_grad():
            model.policy.log_std[0] = np.nan

    monkeypatch.setattr(expert.PPO, 'train', update)
    out = tmp_path / 'expert.onnx'
    assert cli.main(['train', 'expert', '--robot', 'hopper', '--out', str(out)]) == 1
    said = capsys.readouterr().err.strip()
    assert (
        said == 'liquid-control train expert: expert, 2,048 steps: parameter log_std is not finite'
    )
    assert not out.exists()


def test_interrupt_writes_no_half_bundle(tmp_path):
    out = tmp_path / 'cfc.onnx'
    command = [sys.executable, '-m', 'liquid_control', 'train', 'policy', '--cell', 'cfc']
    process = subprocess.Popen(
        [*command, '--out', str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=interruptible,
    )  # fmt: skip
    assert 'losses' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == 'stopped before the first checkpoint; the same command starts anew'
    assert not out.exists()


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['policy', '--cell', 'lsmt', '--out', 'x.onnx'], 'did you mean'),
        (['policy', '--cell', 'cfc', '--out', 'x.pt'], '--out: expected a file named .onnx'),
        (['policy', '--all', '--out', 'x.onnx'], 'expected a folder for'),
        (['policy', '--out', 'x'], 'name a cell'),
        (['policy', '--cell', 'cfc', '--optimizer', 'adm', '--out', 'x'], "did you mean 'adam'"),
        (['expert', '--robot', 'hoper', '--out', 'x.onnx'], "did you mean 'hopper'"),
        (['policy', '--cell', 'cfc', '--teacher', 'no.onnx', '--out', 'x.onnx'], 'no such file'),
        (['policy', '--cell', 'cfc', '--teacher', 'cfc', '--out', 'x.onnx'], 'a teacher must read'),
        (['policy', '--cell', 'cfc', '--rounds', '0', '--out', 'x.onnx'], '--rounds: expected'),
        (
            ['policy', '--cell', 'cfc', '--fine-tune', '-1', '--out', 'x.onnx'],
            '--fine-tune: expected',
        ),
        (['policy', '--cell', 'cfc', '--learning-rate', '2', '--out', 'x.onnx'], 'between 0 and 1'),
        (['policy', '--cell', 'cfc', '--out', 'x', '--checkpoints', 'y'], '--checkpoints: several'),
        (
            ['policy', '--cell', 'cfc', '--robot', 'go2', '--teacher', EXPERT, '--out', 'x.onnx'],
            'robot go2 is not simulated',
        ),
        (['policy', '--cell', 'cfc', '--fine-tune', '20', '--out', 'x'], 'rounds of fine-tuning'),
        (['score', 'cfc', '--episodes', '0'], '--episodes: expected 1'),
        (['score', 'cfc', '--out', 'x.pt'], '--out: expected a file named .onnx'),
        (['score', 'cfc', '--teacher', 'lstm'], '--teacher: the teacher of cfc has sha256'),
        (
            ['score', HOPPER],
            f'{HOPPER}: expected a policy for walker2d, found one for hopper: give --robot hopper',
        ),
        (
            ['score', EXPERT, '--teacher', 'expert', '--robot', 'walker2d'],
            f'--teacher: expected none, as {EXPERT} has none; found expert',
        ),
        (['score', 'cfc', '--out', EXPERT], 'exists already, and is not the policy that is scored'),
        (['score', EXPERT, '--out', EXPERT], 'exists already, and is no student'),
        (['expert', '--steps', '0', '--out', 'x.onnx'], '--steps: expected'),
        (['expert', '--seed', '-1', '--out', 'x.onnx'], '--seed: expected'),
        (
            ['expert', '--out', 'x.onnx', '--teacher', './x.onnx'],
            '--teacher: expected another file than --out',
        ),
    ],
)
def test_wrong_argument_is_named_at_once(arguments, said, capsys):
    assert cli.main(['train', *arguments]) == 1
    assert said in capsys.readouterr().err


def test_conditions_that_the_robot_cannot_have_are_refused(tmp_path, capsys):
    path = tmp_path / 'conditions.yaml'
    path.write_text('chances:\n  - {probability: 0.5, faults: ["delay:1", "mass:1.3:torsi"]}\n')
    train = ['train', 'policy', '--cell', 'cfc', '--out', str(tmp_path / 'students')]
    assert cli.main([*train, '--conditions', str(path)]) == 1
    said = capsys.readouterr().err
    assert f'{path}: chances[0]: faults: mass:1.3:torsi: mass: unknown body' in said
    assert not (tmp_path / 'students').exists()


def test_unwritable_place_starts_nothing(tmp_path, capsys, monkeypatch):
    (tmp_path / 'folder.onnx').mkdir()
    (tmp_path / 'file').write_text('x')
    policy, expert = ['policy', '--cell', 'cfc', '--out'], ['expert', '--out']
    for out, said in (
        ('folder.onnx', 'expected a file, found the folder'),
        ('file/x.onnx', 'cannot write to'),
        ('new/x.onnx', 'cannot write to'),
    ):
        if out.startswith('new'):  # whoever runs as root may write anywhere
            monkeypatch.setattr('os.access', lambda path, mode: False)
        for arguments in (policy, expert, ['score', 'cfc', '--out']):
            assert cli.main(['train', *arguments, str(tmp_path / out)]) == 1
            assert said in capsys.readouterr().err
    assert cli.main(['train', *policy, str(tmp_path / 'file')]) == 1
    assert 'or a folder, found' in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ['file', 'folder.onnx']


def test_the_help_names_the_defaults(capsys):
    from liquid_control.training.student.settings import StudentSettings

    with pytest.raises(SystemExit):
        cli.main(['train', 'policy', '--help'])
    said, settings = ' '.join(capsys.readouterr().out.split()), StudentSettings('cfc')
    assert f'rounds of DAgger ({settings.rounds})' in said
    assert f'gradient steps per round ({settings.updates})' in said
    assert f'0: none ({settings.fine_tuning.rounds})' in said


def test_the_help_of_an_expert_names_its_default(capsys):
    from liquid_control.training.expert.ppo import ExpertSettings

    with pytest.raises(SystemExit):
        cli.main(['train', 'expert', '--help'])
    assert f'environment steps ({ExpertSettings().total_steps})' in capsys.readouterr().out
