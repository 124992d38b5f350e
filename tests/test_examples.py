"""The examples run as the tutorials and their own texts say."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import liquid_control.sim.robots as descriptions
from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, Contract
from liquid_control.sim import registry, robot_of, simulated_contract

EXAMPLES = Path(__file__).resolve().parents[1] / 'examples'
EXAMPLE = EXAMPLES / 'my_robot'


def loaded(name: str) -> ModuleType:
    """An example as a module, which its ``main`` does not run on."""
    spec = importlib.util.spec_from_file_location(f'example_{Path(name).stem}', EXAMPLES / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(script: str, *arguments: str, cwd: Path) -> None:
    subprocess.run([sys.executable, str(EXAMPLE / script), *arguments], cwd=cwd, check=True)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A bag of the example robot, and a bundle for it."""
    path = tmp_path_factory.mktemp('my_robot')
    run('arm.py', '--record', 'arm_bag', cwd=path)
    run('policy.py', str(EXAMPLE / 'my_arm.yaml'), 'hold.onnx', cwd=path)
    return path


def test_contract_drafted_from_a_bag(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert cli.main(['bag', 'arm_bag', '--draft', 'my_arm.yaml']) == 0
    drafted, finished = Contract.load('my_arm.yaml'), Contract.load(EXAMPLE / 'my_arm.yaml')
    assert drafted.rate == finished.rate == 100.0
    assert drafted.action.joints == finished.action.joints
    assert drafted.asking('joint_position').terms == finished.asking('joint_position').terms


def test_policy_predicts_the_robot(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    Bundle.read('hold.onnx').contract.require_fit(Contract.load(EXAMPLE / 'my_arm.yaml'), 'hold')
    robot = str(EXAMPLE / 'my_arm.yaml')
    assert cli.main(['replay', 'arm_bag', '--robot', robot, '--policy', 'hold.onnx']) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if ' hold ' in line)
    assert row.split()[1] == '2000'
    assert float(row.split()[4]) < 0.01


def test_own_simulated_robot(tmp_path, monkeypatch, capsys):
    """Its policy keeps the pendulum up for a whole episode, with noise too."""
    monkeypatch.setattr('liquid_control.sim.registry._registered', {})
    monkeypatch.syspath_prepend(EXAMPLES / 'my_simulated_robot')
    loaded('my_simulated_robot/balance.py').main(str(tmp_path / 'balance.onnx'))
    assert capsys.readouterr().out.splitlines() == [
        'none: 250 steps, return 250',
        'gaussian:1.0: 250 steps, return 250',
    ]


def test_own_simulated_robot_by_name(tmp_path, monkeypatch):
    """Its description and its files are put where its text says."""
    folder, described = EXAMPLES / 'my_simulated_robot', tmp_path / 'robots'
    (tmp_path / 'sim/pendulum').mkdir(parents=True)
    described.mkdir()
    shutil.copy(folder / 'pendulum.py', described)
    for name in ('contract.yaml', 'pendulum.xml'):
        shutil.copy(folder / name, tmp_path / 'sim/pendulum')
    monkeypatch.setattr(paths, 'share', lambda: tmp_path)
    monkeypatch.setattr(descriptions, '__path__', [str(described)])
    monkeypatch.delitem(sys.modules, f'{descriptions.__name__}.pendulum', raising=False)
    monkeypatch.setattr(registry, '_shipped', registry._shipped.__wrapped__)
    robot = robot_of(Contract.load(simulated_contract('pendulum')))
    assert robot.load_model().nu == 1


@pytest.mark.parametrize('name', ['my_simulated_robot/balance.py', 'pytorch_policy.py'])
def test_an_example_says_what_it_expects(name):
    if name.startswith('pytorch'):
        pytest.importorskip('torch')
    done = subprocess.run([sys.executable, str(EXAMPLES / name)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f'usage: python {Path(name).name} OUT.onnx\n'


def test_own_fault(capsys):
    """A finer step costs less return than a coarse one."""
    loaded('my_fault.py').main(steps=150)
    returns = [
        float(line.split('return ')[1].split(',')[0])
        for line in capsys.readouterr().out.splitlines()
    ]
    assert returns[0] > returns[1] > returns[2]


def test_own_cell_learns():
    torch = pytest.importorskip('torch')
    example = loaded('my_cell.py')
    assert example.main(rounds=40) < 0.13
    cell = example.LeakyIntegrator(3, 5)
    x, elapsed, state = torch.randn(2, 4, 3), torch.rand(2, 4), cell.initial_state(2)
    outputs, _ = cell(x, elapsed)
    for index in range(4):
        output, state = cell.step(x[:, index], state, elapsed[:, index, None])
        torch.testing.assert_close(output, outputs[:, index])


def test_own_data_set(tmp_path, monkeypatch, capsys):
    """Its cells tell the pumps that fail, from Python and from the command."""
    pytest.importorskip('torch')
    example = EXAMPLES / 'study' / 'my_data.py'
    monkeypatch.syspath_prepend(example.parent)
    made = importlib.import_module('my_data')
    assert min(made.main(tmp_path).values()) > 0.8
    command = ['study', 'own', f'{example}:MyData', '--data', str(tmp_path), '--quick']
    out = tmp_path / 'out'
    assert cli.main([*command, '--cells', 'gru', '--updates', '5', '--out', str(out)]) == 0
    assert 'accuracy' in capsys.readouterr().out
    assert (out / 'results.json').is_file()


def test_own_frames(tmp_path, capsys):
    """Cells and persistence are scored where the next reading is known."""
    pytest.importorskip('torch')
    example, data, out = EXAMPLES / 'study' / 'my_frames.py', tmp_path / 'data', tmp_path / 'out'
    subprocess.run([sys.executable, str(example), str(data)], check=True)
    command = ['study', 'own', f'{example}:MyFrames', '--data', str(data), '--quick']
    assert cli.main([*command, '--cells', 'gru', '--out', str(out)]) == 0
    assert 'persistence' in capsys.readouterr().out
    (found,) = json.loads((out / 'results.json').read_text())['data'].values()
    last = found['baselines']['persistence']['test_nmse']
    assert found['summary'][0]['scores']['test_nmse']['iqm'] < 0.8 * last < 0.8


@pytest.mark.parametrize(
    ('example', 'row'),
    [
        *(
            ('my_data.py:MyData:pumps.csv', row)
            for row in ('7,soon,5,1,0', '7,1.0,5,1', '7,1.0,5,1,', '7,1.0,5,1,2', '0,0.1,5,1,0',
                        '0,99,5,1,1')
        ),
        *(
            ('my_frames.py:MyFrames:readings.csv', row)
            for row in ('7,soon,5,1', '7,1.0,5', '0,0.1,5,1', '0,inf,5,1', '7,1.0,inf,5')
        ),
    ],
)  # fmt: skip
def test_own_data_set_names_a_bad_line(tmp_path, example, row):
    script, kind, name = example.split(':')
    made = loaded(f'study/{script}')
    made.write(tmp_path, 3)
    path = tmp_path / name
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([*lines[:4], row, *lines[4:]]))
    with pytest.raises(made.DataError, match=rf'{re.escape(name)}, line 5: expected .* found'):
        getattr(made, kind)(tmp_path).load()


@pytest.mark.slow
def test_policy_from_pytorch(tmp_path):
    pytest.importorskip('torch')
    path = tmp_path / 'lstm.onnx'
    assert loaded('pytorch_policy.py').main(str(path)) < 1e-6
    assert Bundle.read(path).counts['state_size'] == 128
