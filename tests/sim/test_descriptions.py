"""Files that describe simulated robots: what is wrong with one is said in one line."""

import re
import sys
from pathlib import Path

import pytest

import liquid_control.sim.robots as descriptions
from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Contract, ContractError
from liquid_control.sim import registry, robot_of, simulated_contract, simulated_robot

ROOT = Path(__file__).resolve().parents[2]
HOPPER = Path(descriptions.__file__).with_name('hopper.py')


@pytest.fixture
def described(tmp_path, monkeypatch):
    """described(text) → file of one more description, seen by this test alone."""

    def add(text: str, name: str = 'my_robot') -> Path:
        (tmp_path / f'{name}.py').write_text(text)
        monkeypatch.setattr(descriptions, '__path__', [*descriptions.__path__, str(tmp_path)])
        registry._shipped.cache_clear()
        return tmp_path / f'{name}.py'

    yield add
    registry._shipped.cache_clear()
    for module in [name for name in sys.modules if name.endswith('.my_robot')]:
        del sys.modules[module]


@pytest.fixture
def share(tmp_path, monkeypatch):
    """Shared files with the contract of Hopper in the folder of hopper2."""
    folder = tmp_path / 'share'
    (folder / 'sim/hopper2').mkdir(parents=True)
    text = (ROOT / 'sim/hopper/contract.yaml').read_text()
    (folder / 'sim/hopper2/contract.yaml').write_text(text)
    monkeypatch.setattr(paths, 'share', lambda: folder)
    return folder


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('x = 1\n', 'ROBOT: expected a SimulatedRobot, found none'),
        ('ROBOT = {}\n', 'ROBOT: expected a SimulatedRobot, found one of type dict'),
        ('\nROBOT = (\n', "line 2: expected a robot, found SyntaxError: '(' was never closed"),
        ('x = 1\ny = z\n', "line 2: expected a robot, found NameError: name 'z' is not defined"),
    ],
    ids=['none', 'type', 'syntax', 'name'],
)
def test_a_broken_file_is_one_line(described, text, said, capsys):
    file = described(text)
    assert cli.main(['run', '--help']) == 1
    assert capsys.readouterr().err == f'liquid-control run: {file}: {said}\n'


def test_two_robots_of_one_name_are_refused(described):
    file = described(HOPPER.read_text())
    said = f'{file}: name: expected one .*, found hopper, as in {HOPPER}'
    with pytest.raises(ValueError, match=said):
        simulated_robot('walker2d')


def test_a_contract_of_another_robot_is_refused(described, share):
    described(HOPPER.read_text().replace("'hopper'", "'hopper2'"))
    said = 'hopper2/contract.yaml: robot: expected hopper2, found hopper'
    with pytest.raises(ContractError, match=said):
        simulated_robot('hopper2').contract()
    with pytest.raises(ContractError, match=said):
        robot_of(Contract.load(simulated_contract('hopper2')))


def test_a_missing_contract_is_named(described, share):
    described(HOPPER.read_text().replace("'hopper'", "'hopper2'"))
    (share / 'sim/hopper2/contract.yaml').unlink()
    said = f'simulated robot hopper2: {share}/sim/hopper2/contract.yaml is missing'
    with pytest.raises(FileNotFoundError, match=re.escape(said)):
        simulated_contract('hopper2')
    with pytest.raises(FileNotFoundError, match=re.escape(said)):
        simulated_robot('hopper2').contract()


def test_a_typo_lists_simulated_robots_alone():
    with pytest.raises(ValueError, match=r'there are: halfcheetah, hopper, walker2d$'):
        simulated_contract('hoper')
    assert simulated_contract('go2') == paths.robot('go2')


def test_halfcheetah_warns_of_nothing(tmp_path, monkeypatch, capfd):
    """MuJoCo writes its warnings into a file where the user stands."""
    monkeypatch.chdir(tmp_path)
    simulated_robot('halfcheetah').load_model()
    assert capfd.readouterr() == ('', '')
    assert not list(tmp_path.iterdir())
