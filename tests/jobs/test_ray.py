"""A Ray cluster on this machine: nodes that die, and nodes that lack the files of a piece."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest
import work

from liquid_control import __version__, paths
from liquid_control.control import Contract
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness.contenders import contenders
from liquid_control.evaluation.robustness.plan import Plan
from liquid_control.jobs.sweep import Piece, _there, sweep
from liquid_control.sim import simulated_contract

HERE = Path(__file__).parent


@contextlib.contextmanager
def two_nodes():
    """A cluster of two nodes with a processor each; yields a function that kills the second."""
    ray = pytest.importorskip('ray', reason='Ray is not installed: make ray')
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={'num_cpus': 1})
    second = cluster.add_node(num_cpus=1)
    path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    ray.init(cluster.address, runtime_env={'env_vars': {'PYTHONPATH': path}})
    try:
        yield second.node_id, lambda: cluster.remove_node(second, allow_graceful=False)
    finally:
        ray.shutdown()
        cluster.shutdown()


def results(outcomes) -> dict:
    return {name: (o['ok'], o.get('result')) for name, o in outcomes.items()}


@pytest.mark.slow
def test_a_cluster_of_two_nodes_of_which_one_dies(tmp_path):
    with two_nodes() as (victim, kill):
        pieces = [
            Piece(f'p{n}', work.where, {'folder': str(tmp_path), 'name': f'p{n}', 'seconds': 1.0})
            for n in range(8)
        ]
        killed = []

        def show(progress):
            mine = list(tmp_path.glob(f'*.{victim}'))
            if mine and not killed:
                kill()
                killed.append(progress.share)

        found = sweep(pieces, tmp_path / 'out', engine='ray', show=show)
        assert killed
        assert killed[0] < 1.0
        assert all(o['ok'] for o in found.values())
        assert len(list((tmp_path / 'out').glob('*.json'))) == 8
        assert len(list(tmp_path.glob(f'*.{victim}'))) < 8
        assert results(sweep(pieces, tmp_path / 'out', engine='ray')) == results(found)


def comparison(folder) -> list[Piece]:
    """Real pieces: two policies, whose files are in the folder, with and without noise."""
    robot = Contract.load(simulated_contract('walker2d'))
    files = []
    for name in ('cfc', 'lstm'):
        files.append(str(shutil.copy(paths.policy(name, 'walker2d'), folder / f'{name}.onnx')))
    noise = Family('noise', 'Noise', 'std', 'gaussian:{}', (0.1,), 0.0)
    plans = [
        Plan('compare', robot, contenders(files, robot), (noise,), 1, seed) for seed in range(3)
    ]
    return [piece for plan in plans for piece in plan.pieces()]


@pytest.mark.slow
def test_real_pieces_on_nodes_without_their_files(tmp_path):
    """One node dies, the bundles are gone, and the numbers are those of this machine."""
    pieces = comparison(tmp_path)
    here = sweep(pieces, tmp_path / 'here')
    with two_nodes() as (_, kill):
        killed = []

        def show(progress):
            if progress.done and not killed:
                for file in tmp_path.glob('*.onnx'):
                    file.unlink()
                kill()
                killed.append(progress.share)

        assert all(piece.files for piece in pieces)
        there = sweep(pieces, tmp_path / 'there', engine='ray', show=show)
    assert killed[0] < 0.5
    assert all(outcome['ok'] for outcome in there.values()), there
    kept = sweep(pieces, tmp_path / 'there')  # as plain JSON, without the cluster
    assert results(kept) == results(here)


def test_a_node_without_a_file_uses_a_copy(tmp_path):
    file = tmp_path / 'policy.onnx'
    piece = Piece('p', work.read, {'files': [{'path': str(file)}]}, files=(str(file),))
    done = _there(piece, __version__, b'content')
    assert done['ok'], done
    assert done['key'] == piece.key
    path, content = done['result']['files'][0]
    assert content == 'content'
    assert Path(path).name == 'policy.onnx'
    assert path != str(file)


def test_a_node_with_the_same_file_uses_that(tmp_path):
    file = tmp_path / 'policy.onnx'
    piece = Piece('p', work.read, {'files': [{'path': str(file)}]}, files=(str(file),))
    file.write_bytes(b'another')
    assert _there(piece, __version__, b'content')['result']['files'][0][1] == 'content'
    file.write_bytes(b'content')
    assert _there(piece, __version__, b'content')['result']['files'] == [[str(file), 'content']]


def test_a_file_that_is_not_there_fails_its_piece(tmp_path):
    missing = f'{tmp_path}/no.onnx: No such file or directory'
    piece = Piece('p', work.read, {'files': []}, files=(f'{tmp_path}/no.onnx',))
    done = _there(piece, __version__, missing)
    assert (done['ok'], done['error']) == (False, missing)


def test_a_node_of_another_version_fails_its_pieces():
    done = _there(Piece('p', work.read, {'files': []}), '99.0')
    assert not done['ok']
    assert f'has liquid_control {__version__}, this machine 99.0' in done['error']
