"""The metadata for pip, colcon and rosdep agrees with the code and its dependencies."""

import ast
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

import liquid_control
from liquid_control import paths

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / 'src' / 'liquid_control'
NODES = ('bag', 'fault', 'monitor', 'policy', 'sim')
ROS_MODULES = {
    'rclpy', 'rcl_interfaces', 'lifecycle_msgs', 'builtin_interfaces', 'rosgraph_msgs', 'std_msgs',
    'std_srvs', 'sensor_msgs', 'geometry_msgs', 'nav_msgs', 'diagnostic_msgs', 'launch',
    'launch_ros',
}  # fmt: skip


@pytest.fixture(scope='module')
def setup_call() -> dict:
    """The arguments that setup.py passes to setuptools."""
    given = {}
    code = (
        (ROOT / 'setup.py').read_text().replace('from setuptools import find_packages, setup', '')
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        scope = {'setup': lambda **call: given.update(call), 'find_packages': lambda where: []}
        exec(compile(code, 'setup.py', 'exec'), scope)
    return given


@pytest.fixture(scope='module')
def package() -> ET.Element:
    return ET.parse(ROOT / 'package.xml').getroot()


def imported(folder: Path) -> set[str]:
    """Top-level modules imported by the files below a folder."""
    names = set()
    for path in folder.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.split('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split('.')[0])
    return names


def declared(node: str) -> set[str]:
    """Parameters that a node declares: ``declare.get('name', …)`` and ``declare.priority()``."""
    names = set()
    for path in (SOURCE / 'nodes').glob(f'{node}_*.py'):
        for call in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(call.func) if isinstance(call, ast.Call) else ''
            if called == 'declare.get':
                names.add(call.args[0].value)
            elif called == 'declare.priority':
                names.add('priority')
    return names


def pins() -> dict[str, list[str]]:
    """Package → its lines in constraints.txt."""
    found = {}
    for line in (ROOT / 'constraints.txt').read_text().splitlines():
        if line and not line.startswith('#'):
            name, rest = re.fullmatch(r'([\w.-]+)(==\S+.*)', line).groups()
            found.setdefault(name.lower().replace('_', '-'), []).append(rest)
    return found


def test_one_version(setup_call, package):
    assert package.findtext('version') == setup_call['version'] == liquid_control.__version__


def test_every_ros_module_that_is_imported_is_an_exec_depend(package):
    depends = {element.text for element in package.findall('exec_depend')}
    used = imported(SOURCE) | imported(ROOT / 'launch')
    assert used & ROS_MODULES <= depends


def test_every_requirement_is_pinned(setup_call):
    extras = setup_call['extras_require'].values()
    wanted = [setup_call['install_requires'], *extras]
    names = {re.match(r'[\w-]+', text)[0].lower() for texts in wanted for text in texts}
    assert names <= pins().keys()


def test_pins_are_exact_and_torch_is_the_cpu_build():
    for lines in pins().values():
        assert all(re.match(r'==[\w.+]+(;|$)', line) for line in lines)
        assert len(lines) in (1, 2)
        assert (len(lines) == 2) == all(';' in line for line in lines)
    linux = next(line for line in pins()['torch'] if "== 'linux'" in line)
    assert '+cpu' in linux


def test_pre_commit_runs_the_pinned_ruff():
    config = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())
    revisions = {repo['repo'].rsplit('/', 1)[-1]: repo.get('rev') for repo in config['repos']}
    assert f'=={revisions["ruff-pre-commit"].removeprefix("v")}' in pins()['ruff']


def test_types_are_declared(setup_call):
    assert (SOURCE / 'py.typed').is_file()
    assert 'py.typed' in setup_call['package_data']['liquid_control']


def test_every_shared_file_is_installed(setup_call):
    installed = {file for _, files in setup_call['data_files'] for file in files}
    for folder in ('launch', 'config', 'sim'):
        for path in (ROOT / folder).rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts:
                assert str(path.relative_to(ROOT)) in installed


def test_every_node_has_an_executable(setup_call):
    scripts = dict(line.split(' = ') for line in setup_call['entry_points']['console_scripts'])
    for node in NODES:
        assert scripts[f'{node}_node'] == f'liquid_control.nodes.start:{node}_node'


@pytest.mark.parametrize(
    ('file', 'nodes'),
    [
        ('sim', ('sim', 'fault', 'policy', 'monitor')),
        ('robot', ('policy', 'monitor')),
        ('replay', ('bag', 'policy', 'monitor')),
    ],
)
def test_parameter_files_hold_what_the_nodes_declare(file, nodes):
    given = yaml.safe_load((ROOT / 'config' / f'{file}.yaml').read_text())
    assert given.keys() == {f'/**/{node}' for node in nodes}, 'in any namespace'
    for node in nodes:
        names = given[f'/**/{node}']['ros__parameters'].keys() - {'use_sim_time'}
        assert names == declared(node)


@pytest.fixture
def from_source():
    if not Path(paths.__file__).resolve().is_relative_to(ROOT):
        pytest.skip('the package under test was installed, by colcon or pip, not run from source')


def test_share_is_the_source_tree_where_nothing_is_installed(from_source, monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    assert paths.share() == ROOT


def test_the_ament_index_comes_first(from_source, monkeypatch, tmp_path):
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')
    (tmp_path / 'share' / 'liquid_control' / 'sim').mkdir(parents=True)
    assert paths.share() == ROOT
    marker = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages' / 'liquid_control'
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert paths.share() == tmp_path / 'share' / 'liquid_control'


def test_shared_files_that_are_nowhere_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    monkeypatch.setattr(paths, '__file__', str(tmp_path / 'a' / 'b' / 'c.py'))
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='build the package with colcon'):
        paths.share()


@pytest.fixture
def tree(monkeypatch, tmp_path) -> Path:
    """Shared files with two robots and two policies."""
    monkeypatch.setattr(paths, 'share', lambda: tmp_path)
    for name in (
        'config/robots/arm.yaml', 'sim/walker/contract.yaml', 'sim/walker/expert.onnx',
        'sim/walker/policies/cfc.onnx', 'sim/walker/policies/lstm.onnx',
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = (ROOT / 'sim/walker2d/contract.yaml').read_text()
    for name in ('config/robots/arm.yaml', 'sim/walker/contract.yaml'):
        robot = 'arm' if 'arm' in name else 'walker'
        (tmp_path / name).write_text(text.replace('robot: walker2d', f'robot: {robot}'))
    return tmp_path


def test_robots_and_policies_by_name_and_by_path(tree):
    assert paths.robot('arm') == tree / 'config/robots/arm.yaml'
    contract = paths.robot('walker')
    assert contract == tree / 'sim/walker/contract.yaml' == paths.robot(contract)
    assert paths.policy('cfc', 'walker') == tree / 'sim/walker/policies/cfc.onnx'
    assert paths.policy('expert', contract) == tree / 'sim/walker/expert.onnx'
    assert paths.policy(str(tree / 'sim/walker/expert.onnx'), 'arm').stem == 'expert'


def test_all_stands_for_the_policies_that_ship(tree):
    every = list(paths.policies('walker').values())
    assert paths.chosen_policies(['all'], 'walker') == every
    assert paths.chosen_policies(['all', 'cfc'], 'walker') == every, 'each once'
    assert paths.chosen_policies(['lstm'], 'walker') == [tree / 'sim/walker/policies/lstm.onnx']
    with pytest.raises(ValueError, match='all: none ships for arm'):
        paths.chosen_policies(['all'], 'arm')


def test_the_default_policy_is_the_first_that_ships(tree):
    assert paths.default_policy('walker') == 'cfc'
    (tree / 'sim/walker/policies/cfc.onnx').unlink()
    assert paths.default_policy('walker') == 'expert'
    (tree / 'sim/walker/expert.onnx').unlink()
    assert paths.default_policy('walker') == 'lstm'


def test_a_contract_elsewhere_has_its_robots_policies(tree, tmp_path):
    """By the robot that it names, whatever its file is called."""
    own = tmp_path / 'own.yaml'
    own.write_bytes((tree / 'sim/walker/contract.yaml').read_bytes())
    assert paths.policies(own) == paths.policies('walker')
    assert paths.default_policy(own) == 'cfc'


def test_the_advice_names_the_robot_not_the_file(tree, tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_bytes((tree / 'config/robots/arm.yaml').read_bytes())
    with pytest.raises(ValueError, match=r'no policy ships for arm: .*expert --robot arm trains'):
        paths.default_policy(own)


@pytest.mark.parametrize(
    ('call', 'says'),
    [
        (lambda: paths.robot('walkr'), "did you mean 'walker'.*arm, walker"),
        (lambda: paths.robot('no.yaml'), 'no.yaml: no such file.*arm, walker'),
        (lambda: paths.policy('cfk', 'walker'), "walker.*did you mean 'cfc'.*cfc, expert, lstm"),
        (lambda: paths.policy('a/b.onnx', 'walker'), 'no such file.*cfc, expert, lstm'),
        (lambda: paths.policy('cfc', 'arm'), 'none ships for arm'),
        (
            lambda: paths.default_policy('arm'),
            'no policy ships for arm: .*train expert',
        ),
    ],
)
def test_an_unknown_name_lists_what_is_there(tree, call, says):
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        call()
