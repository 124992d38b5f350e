"""Untrained bundles, and bags as the monitor node writes them, made without ROS."""

import json
from types import SimpleNamespace

import hypothesis
import pytest
from recording import make_bundle, record_run

from liquid_control import paths
from liquid_control.control import Contract, Controller, PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import parse

# A busy machine may stop a test for longer than an example may take.
hypothesis.settings.register_profile('patient', deadline=None)
hypothesis.settings.load_profile('patient')


@pytest.fixture(scope='session')
def robot():
    return Contract.load(paths.robot('walker2d'))


@pytest.fixture(scope='session')
def bundle(robot, tmp_path_factory):
    """A small untrained recurrent policy that reads positions and its previous action."""
    contract = robot.asking('joint_position', 'previous_action')
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'untrained.onnx', contract, seed=0)


@pytest.fixture(scope='session')
def other(robot, tmp_path_factory):
    """Another untrained policy, with a different seed."""
    contract = robot.asking('joint_position', 'previous_action')
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'other.onnx', contract, seed=1)


@pytest.fixture(scope='session')
def walks(robot, bundle, tmp_path_factory):
    """fault → a run folder of three walks, and the same walks as run in process."""
    made = {}

    def make(fault='none', seed=3):
        if fault not in made:
            folder = tmp_path_factory.mktemp('run')
            runner = PolicyRunner(bundle)
            episodes = run_episodes(Controller(runner, robot), robot, parse(fault), 3, seed, 60)
            record_run(folder, robot, bundle, fault, seed, episodes, 60)
            run = json.loads((folder / 'run.json').read_text())
            made[fault] = SimpleNamespace(folder=folder, episodes=episodes, run=run)
        return made[fault]

    return make
