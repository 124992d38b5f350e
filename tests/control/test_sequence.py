"""Many steps in one call of the network equal single steps, bit for bit."""

import numpy as np
import onnx
import pytest
from support import ROBOT, STUDENT, edit_graph, make_bundle

from liquid_control.control import Bundle, BundleError, PolicyRunner
from liquid_control.control.follower import Follower

SENSED = ROBOT.asking('joint_position')
SIZE = SENSED.sensed_size
PERIOD = SENSED.period_ns


def stepped(runner, values, elapsed):
    """Predictions and states, one step after another."""
    found = []
    for row, time in zip(values, elapsed.tolist(), strict=True):
        found.append((runner.step(row, time).prediction, runner.state[0]))
    return [np.array(column) for column in zip(*found, strict=True)]


def samples(count, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (count, SIZE)).astype(np.float32)
    return values, rng.uniform(0.1, 5.0, count).astype(np.float32)


CELLS = ('cfc', 'cfc_mixed', 'cfc_ncp', 'cfc_no_gate', 'cfc_pure', 'ctrnn', 'gru', 'liquid_s4',
         'lrc', 'lstm', 'ltc', 'ltc_ncp', 'mlp', 'rnn', 'stc')  # fmt: skip


@pytest.fixture(params=['plain', *CELLS], scope='module')
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp('bundle') / 'predictor.onnx'
    if request.param == 'plain':
        return make_bundle(path, SENSED)
    torch = pytest.importorskip('torch')
    pytest.importorskip('onnxscript')
    from liquid_control.models import ModelSettings, Normalizer, PolicyModel, StepModel
    from liquid_control.training.export import export_bundle

    torch.manual_seed(0)
    unit = Normalizer(np.zeros(SIZE), np.ones(SIZE), np.full(SIZE, 0.1))
    model = PolicyModel(ModelSettings.fitted(request.param, SENSED), SENSED, unit).eval()
    export_bundle(
        path, StepModel(model).eval(), cell=request.param, settings={}, contract=SENSED,
        state_size=model.state_size, judge=lambda draft: {},
    )  # fmt: skip
    return path


def test_a_sequence_is_its_steps_and_carries_on(path):
    values, elapsed = samples(60)
    one, many = PolicyRunner(path), PolicyRunner(path)
    predictions, states = stepped(one, values, elapsed)
    parts = [many.sequence(values[p], elapsed[p]) for p in (slice(0, 1), slice(1, 41))]
    last = stepped(many, values[41:], elapsed[41:])  # and single steps continue from there
    np.testing.assert_array_equal(np.concatenate([parts[0][0], parts[1][0], last[0]]), predictions)
    np.testing.assert_array_equal(np.concatenate([parts[0][1], parts[1][1], last[1]]), states)


def test_what_needs_its_previous_action_has_no_sequence(tmp_path):
    values, elapsed = samples(3)
    runner = PolicyRunner(make_bundle(tmp_path / 'student.onnx', STUDENT))
    with pytest.raises(
        ValueError, match=r'without previous_action .*found .*previous_action and 1'
    ):
        runner.sequence(values, elapsed)
    runner = PolicyRunner(make_bundle(tmp_path / 'plain.onnx', SENSED))
    runner.reset(2)
    with pytest.raises(ValueError, match='a batch of 1, found joint_position and 2'):
        runner.sequence(values, elapsed)


@pytest.mark.parametrize(
    ('values', 'elapsed', 'said'),
    [((0, SIZE), (0,), r'\(0, 8\) and \(0,\)'), ((4, SIZE - 1), (4,), r'\(4, 7\)'),
     ((4, SIZE), (3,), r'and \(3,\)'), ((4, SIZE), (4, 1), r'and \(4, 1\)')],
)  # fmt: skip
def test_shapes_are_checked(tmp_path, values, elapsed, said):
    runner = PolicyRunner(make_bundle(tmp_path / 'plain.onnx', SENSED))
    with pytest.raises(ValueError, match=r'expected observations \(T, 8\) .*found .*' + said):
        runner.sequence(np.zeros(values, np.float32), np.ones(elapsed, np.float32))


def test_a_graph_that_lists_its_weights_as_inputs_goes_too(tmp_path):
    def older(model):
        model.ir_version = 3
        for weights in model.graph.initializer:
            model.graph.input.append(
                onnx.helper.make_tensor_value_info(weights.name, weights.data_type, weights.dims)
            )

    values, elapsed = samples(5)
    bundle = Bundle.read(make_bundle(tmp_path / 'plain.onnx', SENSED))
    old = bundle.write(tmp_path / 'old.onnx', edit_graph(bundle.graph, older))
    predictions, _ = stepped(PolicyRunner(bundle), values, elapsed)
    found = PolicyRunner(old).sequence(values, elapsed).predictions
    np.testing.assert_array_equal(found, predictions)


def test_a_graph_that_no_sequence_can_be_made_of_is_told(tmp_path, monkeypatch):
    def broken(graph):
        raise RuntimeError('no such thing')

    monkeypatch.setattr('liquid_control.control.sequence.sequence_graph', broken)
    runner = PolicyRunner(make_bundle(tmp_path / 'plain.onnx', SENSED))
    with pytest.raises(
        BundleError, match=r'plain\.onnx: its graph does not run in a sequence: no '
    ):
        runner.sequence(*samples(2))


def test_a_follower_runs_as_it_steps_over_gaps_repeats_and_broken_readings(tmp_path):
    path = make_bundle(tmp_path / 'plain.onnx', SENSED)
    values, _ = samples(90)
    values[[0, 17, 18, 60], [0, 3, 0, 7]] = np.nan
    values[75, 2] = np.inf
    stamps = (np.arange(1, 91) * PERIOD).astype(np.int64)
    stamps[30] = stamps[29]
    stamps[31:] += round(2e9 * SENSED.max_gap)
    stamps[76:] += round(2e9 * SENSED.max_gap)
    stamps = stamps.tolist()
    one, many = (Follower(PolicyRunner(path), ROBOT) for _ in range(2))
    commands = [one.step(stamp, row) for stamp, row in zip(stamps, values, strict=True)]
    lone = PolicyRunner(path)
    found, anew = {}, 0
    for part in (slice(0, 40), slice(40, 90)):
        for stretch in many.run(stamps[part], values[part]):
            anew += stretch.anew
            if stretch.anew:
                lone.reset()
            _, states = stepped(lone, values[part][stretch.places], np.array(stretch.elapsed))
            np.testing.assert_array_equal(stretch.states, states)
            for place, elapsed, prediction in zip(
                stretch.places, stretch.elapsed, stretch.predictions, strict=True
            ):
                found[part.start + place] = elapsed, prediction
    used = [place for place, command in enumerate(commands) if command.prediction is not None]
    assert list(found) == used
    assert len(used) == 90 - 6
    assert anew == one.events['resets'] == 3
    assert many.events == one.events
    for place in used:
        assert found[place][0] == commands[place].elapsed
        np.testing.assert_array_equal(found[place][1], commands[place].prediction)
