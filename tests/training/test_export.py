"""An exported graph computes the same as the model, or is not written."""

import numpy as np
import onnx
import pytest
import torch
from support import STUDENT

from liquid_control import cells
from liquid_control.control import PolicyRunner
from liquid_control.models import ModelSettings, Normalizer, PolicyModel, StepModel
from liquid_control.training.export import ExportError, export_bundle, step_graph

SENSED = STUDENT.sensed_size


@pytest.fixture(params=cells.names(), scope='module')
def model(request):
    torch.manual_seed(0)
    normalizer = Normalizer(np.zeros(SENSED), np.full(SENSED, 0.5), np.full(SENSED, 0.1))
    return PolicyModel(ModelSettings.fitted(request.param, STUDENT), STUDENT, normalizer).eval()


@pytest.fixture(scope='module')
def bundle(model, tmp_path_factory):
    return export_bundle(
        tmp_path_factory.mktemp('bundles') / 'policy.onnx',
        StepModel(model).eval(),
        cell=model.settings.cell,
        settings=model.settings.to_dict(),
        contract=STUDENT,
        state_size=model.state_size,
        judge=lambda draft: {'state': draft.counts['state_size']},
        seed=7,
    )


@pytest.mark.parametrize('batch', [1, 3])
def test_bundle_equals_model_at_irregular_time(model, bundle, batch):
    runner = PolicyRunner(bundle)
    runner.reset(batch)
    rng = np.random.default_rng(batch)
    state, sent = model.initial_state(batch), torch.zeros(batch, STUDENT.action_size)
    for elapsed in (1.0, 0.0, 3.0, 0.37, 1.0, 12.5, 1.0):
        sensed = rng.normal(0, 1, (batch, SENSED)).astype(np.float32)
        spread = (elapsed * rng.uniform(0.5, 1.5, (batch, 1))).astype(np.float32)
        decision = runner.step(sensed, spread)
        with torch.no_grad():
            observation = torch.cat([torch.from_numpy(sensed), sent], dim=1)
            sent, prediction, state = model(observation, torch.from_numpy(spread), state)
        np.testing.assert_allclose(decision.action, sent.numpy(), atol=1e-5)
        np.testing.assert_allclose(decision.prediction, prediction.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    'model',
    [
        pytest.param(name, marks=[] if name in ('gru', 'ltc_ncp') else pytest.mark.slow)
        for name in cells.names()
    ],
    indirect=True,
)
def test_scoring_a_draft_warns_of_no_elapsed_times(model, tmp_path):
    warned = []

    def judge(draft):
        runner = PolicyRunner(draft)
        for _ in range(200):
            runner.step(np.zeros(SENSED), 2.0)
        warned.append(runner.watch.warning is not None)
        return {}

    about = {'cell': model.settings.cell, 'settings': {}, 'contract': STUDENT}
    written = export_bundle(
        tmp_path / 'policy.onnx', StepModel(model).eval(), state_size=model.state_size,
        trained_elapsed=(1.0, 1.0), judge=judge, **about,
    )  # fmt: skip
    assert written.trained_elapsed == (1.0, 1.0)
    judge(written)
    assert warned == [False, True]


def test_a_bundle_says_what_it_is(model, bundle):
    assert bundle.cell == model.settings.cell
    assert bundle.counts['parameters'] == sum(p.numel() for p in model.parameters())
    assert bundle.counts['state_size'] == model.state_size
    assert bundle.provenance['seed'] == 7
    assert bundle.scores == {'state': model.state_size}


def test_graph_is_one_small_file(bundle):
    graph = onnx.load(bundle.path)
    onnx.checker.check_model(graph)
    assert len(graph.graph.node) <= 188  # six unrolled solver steps on a sparse wiring
    assert bundle.path.stat().st_size < 400_000


def test_wrong_graph_is_not_written(tmp_path):
    class Dice(torch.nn.Module):
        def forward(self, observation, elapsed, state):
            action = torch.rand_like(observation[:, : STUDENT.action_size])
            return action, observation[:, :SENSED] + elapsed, state + 0.0

    with pytest.raises(ExportError, match='action, batch 1: the exported graph is off by'):
        step_graph(Dice(), STUDENT, 1)
