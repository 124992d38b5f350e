"""Episodes of many worlds at once are those of the graph in lockstep."""

from dataclasses import replace

import pytest

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.control import Bundle, Contract, Controller, PolicyRunner, Reason
from liquid_control.evaluation.batch.episodes import BatchEpisodes, PlannedEpisode
from liquid_control.evaluation.metrics import load_metrics
from liquid_control.evaluation.recorded_trace import recorded_trace
from liquid_control.evaluation.runs import read_run
from liquid_control.evaluation.trace import compare
from liquid_control.faults import parse
from liquid_control.nodes.graph import Graph, RunSettings
from liquid_control.replay.trace import replay

SECONDS = 1.2
CASES = {
    'sensor': ('lstm', 11, 'bias:0.05+gaussian:0.1+dropped:0.1+delay_ms:12', {}),
    'command': ('ltc', 12, 'command_delay:2+command_noise:0.1+command_repeat:0.2', {}),
    'clock': ('cfc', 13, 'period_ms:4', {'thin': False}),
    'thinned': ('cfc', 13, 'period_ms:4', {'thin': True, 'elapsed': 'nominal'}),
    'nominal': ('gru', 14, 'period_ms:4+jitter:0.25', {'thin': False, 'elapsed': 'nominal'}),
    'dynamics': ('lrc', 15, 'friction:0.5+push:100+motor:0.8', {}),
}  # fmt: skip


def batch(runner, robot, fault, seed, steps, settings):
    """One episode of a seed, run beside episodes of other seeds."""
    found = {}
    plans = [PlannedEpisode(0, other) for other in range(seed - 3, seed + 3)]
    settings = {'elapsed': 'measured', 'thin': True, **settings}
    worlds = BatchEpisodes(runner, robot, [parse(fault)], 6, steps=steps, **settings)
    worlds.run(iter(plans), found.__setitem__)
    return found[PlannedEpisode(0, seed)]


@pytest.mark.parametrize('case', CASES)
def test_a_batch_equals_the_graph_and_its_replay(tmp_path, case):
    policy, seed, fault, settings = CASES[case]
    require_equal(tmp_path, paths.policy(policy, 'walker2d'), seed, fault, settings)


def test_trained_periods_are_used_everywhere(tmp_path):
    """Each reading at 4 ms, of a policy that was trained so; others leave out every second."""
    shipped = Bundle.read(paths.policy('cfc', 'walker2d'))
    adaptive = replace(shipped, trained_elapsed=(0.48, 2.5))
    adaptive.write(tmp_path / 'adaptive.onnx', shipped.graph)
    (run := tmp_path / 'run').mkdir()
    trace = require_equal(run, tmp_path / 'adaptive.onnx', 13, 'period_ms:4', {})
    assert not (trace.reasons & Reason.SURPLUS).any()


def require_equal(tmp_path, policy, seed, fault, settings):
    """Compare a walk on the graph, one in a batch and a replay; return the batch's trace."""
    robot = Contract.load(paths.robot('walker2d'))
    run = RunSettings(
        tmp_path, policy=str(policy), fault=fault, seed=seed, seconds=SECONDS, **settings
    )
    with Graph(run) as graph:
        graph.follow(lambda line: None)
    runner = PolicyRunner(policy)
    expected = batch(runner, robot, fault, seed, run.steps, settings)

    metrics, bag, about = load_metrics(tmp_path), Bag(tmp_path), read_run(tmp_path)
    assert metrics['complete'], metrics['why']
    (episode,) = metrics['episodes']
    assert (episode['return'], episode['steps']) == (expected.total, expected.steps)
    thin, observed = settings.get('thin', True), about['observed']
    live = recorded_trace(bag, runner.contract, observed, thin, runner.bundle.trained_elapsed)
    assert compare(expected.trace, live) is None
    replayed = replay(bag, Controller(runner.twin(), robot, **settings), observed)
    assert compare(expected.trace, replayed) is None
    assert len(live) > 40, 'a walk that ends at once shows little'
    return expected.trace
