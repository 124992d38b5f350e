"""Step graphs: whole, of the right form and reading no other file, or refused with the rule."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from cases import case
from onnx import TensorProto, helper, numpy_helper
from support import arm, describe, edit_graph, step_graph

from liquid_control.control import Bundle, BundleError, Contract, PolicyRunner
from liquid_control.control.step_graph import INPUTS, OUTPUTS, StepGraphError, open_session

ARM = Contract.from_dict(arm())
GOOD = step_graph(ARM)


def external(folder: Path, seed: int = 0) -> Path:
    """A step graph whose weights stand in a second file, as torch's exporter writes them."""
    path = folder / 'policy.onnx'
    model = onnx.load_from_string(step_graph(ARM, seed))
    onnx.save_model(
        model, path, save_as_external_data=True, location='policy.onnx.data', size_threshold=0
    )
    return path


def answers(path: Path) -> np.ndarray:
    runner = PolicyRunner(path)
    return np.concatenate(runner.step(np.linspace(-1, 1, ARM.sensed_size), 1.0))


def test_weights_in_another_file_are_embedded_and_hashed(tmp_path, monkeypatch):
    whole = describe(ARM).write(tmp_path / 'whole.onnx', GOOD)
    sealed = describe(ARM).write(tmp_path / 'sealed.onnx', external(tmp_path))
    (tmp_path / 'policy.onnx.data').unlink()
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(answers(sealed.path), answers(whole.path))
    assert sealed.sha256 != describe(ARM).write(tmp_path / 'b.onnx', step_graph(ARM, 1)).sha256


def test_a_graph_without_its_weights_is_refused_wherever_it_is_opened(tmp_path, monkeypatch):
    content = external(tmp_path).read_bytes()
    monkeypatch.chdir(tmp_path)  # where the weights are
    with pytest.raises(StepGraphError, match=r'W, A, P are in another file, policy\.onnx\.data'):
        open_session(content)
    with pytest.raises(BundleError, match=r'Bundle\.write embeds them'):
        describe(ARM).write(tmp_path / 'out.onnx', content)
    assert not (tmp_path / 'out.onnx').exists()


def test_weights_that_are_not_there_are_refused(tmp_path):
    path = external(tmp_path)
    (tmp_path / 'policy.onnx.data').unlink()
    with pytest.raises(BundleError, match='cannot be loaded with its weights'):
        describe(ARM).write(tmp_path / 'out.onnx', path)


def in_constant(model):
    """Move a weight into a constant's value, which may be in another file too."""
    weight = model.graph.initializer.pop(0)
    model.graph.node.insert(0, helper.make_node('Constant', [], ['W'], value=weight))
    tensor = model.graph.node[0].attribute[0].t
    tensor.ClearField('raw_data')
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value='elsewhere')


def test_a_constant_in_another_file_is_refused_too():
    with pytest.raises(StepGraphError, match='W are in another file, elsewhere'):
        open_session(edit_graph(GOOD, in_constant))


def test_a_name_with_location_is_no_reference():
    def rename(model):
        model.graph.name = 'location'

    open_session(edit_graph(GOOD, rename))


@pytest.mark.parametrize('bad', [b'', GOOD[:50], step_graph(ARM.asking('angle'))])
def test_a_refused_graph_leaves_what_was_there(tmp_path, bad):
    path = tmp_path / 'policy.onnx'
    good = describe(ARM).write(path, GOOD)
    with pytest.raises(BundleError):
        describe(ARM).write(path, bad)
    assert Bundle.read(path).sha256 == good.sha256
    assert os.listdir(tmp_path) == ['policy.onnx']


def test_a_bundle_can_be_written_again(tmp_path):
    good = describe(ARM).write(tmp_path / 'good.onnx', GOOD)
    again = describe(ARM).write(tmp_path / 'again.onnx', good.graph)
    assert again.sha256 == good.sha256


LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:' + b'a' * 64 + b'\nsize 92802\n'


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'', 'an empty file'),
        (LFS, 'a Git LFS pointer, not the file itself: run git lfs pull'),
        (b'PK\x03\x04' + bytes(300), 'TorchScript'),
        (b'\x80\x04\x95' + bytes(90), 'a Python pickle'),
        (b'<!DOCTYPE html><html>', 'a web page'),
        (b'policy: cfc\n' * 20, 'not an ONNX file'),
    ],
)
def test_another_kind_of_file_is_named(tmp_path, content, said):
    path = tmp_path / 'policy.onnx'
    path.write_bytes(content)
    with pytest.raises(BundleError, match=said):
        Bundle.read(path)
    with pytest.raises(BundleError, match=said):
        describe(ARM).write(tmp_path / 'out.onnx', content)


def value(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def newer_ir(model):
    model.ir_version = 99


def newer_opset(model):
    model.opset_import[0].version = 99


def no_prediction(model):
    del model.graph.output[1]


def no_state(model):
    zero = numpy_helper.from_array(np.zeros(0, np.float32), 'none')
    model.graph.initializer.append(zero)
    model.graph.input[2].CopyFrom(value('state', 'B', 0))
    model.graph.output[2].CopyFrom(value('next_state', 'B', 0))
    model.graph.node[0].CopyFrom(
        helper.make_node('Concat', ['observation', 'elapsed'], ['x'], axis=1)
    )
    model.graph.node[2].CopyFrom(helper.make_node('Tanh', ['z'], ['h']))
    model.graph.node[3].input[0] = 'h'
    model.graph.node.append(helper.make_node('Identity', ['state'], ['next_state']))
    weight = numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight[:5].copy(), 'W'))


def other_names(model):
    model.graph.input[0].name = model.graph.node[0].input[0] = 'obs'
    model.graph.node[-1].input[0] = 'obs'


def other_order(model):
    model.graph.input.append(model.graph.input.pop(0))


def fixed_batch(model):
    for each in (*model.graph.input, *model.graph.output):
        each.type.tensor_type.shape.dim[0].dim_value = 1


def two_elapsed(model):
    model.graph.input[1].CopyFrom(value('elapsed', 'B', 2))
    weight = np.ones((11, 5), np.float32)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, 'W'))


def one_row_alone(model):
    """Says any batch, and can step but one row."""
    for name in (0, 1):
        model.graph.initializer.append(numpy_helper.from_array(np.array([name]), str(name)))
    model.graph.node[-1].output[0] = 'all'
    model.graph.node.append(helper.make_node('Slice', ['all', '0', '1', '0'], ['prediction']))


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (newer_ir, r'its ONNX IR version is 99, and ONNX Runtime .* reads up to \d+'),
        (newer_opset, r'its ONNX opset is 99, and ONNX Runtime .* reads up to \d+'),
        (no_prediction, r"no output prediction: outputs \('action', 'next_state'\)"),
        (no_state, 'input state has no values'),
        (other_names, r"no input observation: inputs \('obs', 'elapsed', 'state'\)"),
        (other_order, 'inputs in another order'),
        (fixed_batch, r'input observation has shape \[1, 4\], a fixed batch of 1'),
        (two_elapsed, r"input elapsed has shape \['B', 2\], expected \(B, 1\)"),
        (one_row_alone, r'output prediction has shape \(1, 4\) for a batch of 2'),
    ],
)
def test_the_rule_that_a_graph_breaks_is_named(tmp_path, change, said):
    with pytest.raises(BundleError, match=said):
        describe(ARM).write(tmp_path / 'out.onnx', edit_graph(GOOD, change))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('names', [('B', 'N'), (None, None)], ids=['two names', 'no name'])
def test_the_batch_may_have_any_name(tmp_path, names):
    def rename(model):
        for nodes, name in zip((model.graph.input, model.graph.output), names, strict=True):
            for node in nodes:
                dimension = node.type.tensor_type.shape.dim[0]
                dimension.Clear()
                if name:
                    dimension.dim_param = name

    describe(ARM).write(tmp_path / 'out.onnx', edit_graph(GOOD, rename))
    answers(tmp_path / 'out.onnx')


def test_an_onnx_file_that_is_no_step_says_so(tmp_path):
    path = tmp_path / 'mlp.onnx'
    path.write_bytes(edit_graph(GOOD, no_prediction))
    with pytest.raises(BundleError, match=r'not a bundle.*not one step of a policy: no output'):
        Bundle.read(path)


def test_the_names_are_those_of_the_documentation():
    assert INPUTS == ('observation', 'elapsed', 'state')
    assert OUTPUTS == ('action', 'prediction', 'next_state')


def test_a_graph_of_a_real_exporter_is_sealed_with_its_weights(tmp_path, monkeypatch):
    folder = case('external_data')
    leg = describe(Contract.load(folder / 'leg.yaml'))
    monkeypatch.chdir(folder)  # where the weights are
    with pytest.raises(BundleError, match=r'in another file, dyn\.onnx\.data'):
        leg.write(tmp_path / 'leg.onnx', (folder / 'dyn.onnx').read_bytes())
    leg.write(tmp_path / 'leg.onnx', folder / 'dyn.onnx')
    monkeypatch.chdir(tmp_path)
    PolicyRunner(tmp_path / 'leg.onnx')


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('b_ext_cwd', 'in another file'),
        ('b_external', 'in another file'),
        ('empty', 'an empty file'),
        ('external', 'in another file'),
        ('fixed_batch', 'a fixed batch of 1'),
        ('good_then_bad', 'no input observation or elapsed or state'),
        ('inputs_other_order', 'inputs in another order'),
        ('ir_too_new', 'IR version is 99'),
        ('lfs', 'git lfs pull'),
        ('no_prediction', 'no output prediction'),
        ('no_state', 'state has no values'),
        ('opset_too_new', 'opset is 99'),
        ('other_names', 'no input observation'),
        ('rsl_rl_lstm', 'no input observation or elapsed or state'),
        ('rsl_rl_mlp', 'no input observation or elapsed or state'),
        ('sb3_float64', 'no input observation or elapsed or state'),
        ('torchscript', 'TorchScript'),
    ],
)
def test_a_foreign_graph_is_refused_with_the_rule_that_it_breaks(name, said, monkeypatch):
    folder = case('foreign_onnx')
    monkeypatch.chdir(folder)  # where weights are found if they are looked for there
    with pytest.raises(BundleError, match=said):
        Bundle.read(folder / f'{name}.onnx')


@pytest.mark.parametrize('name', ['ok', 'different_batch_names', 'no_batch_name'])
def test_a_foreign_graph_that_is_a_step_becomes_a_bundle(name, tmp_path):
    folder = case('foreign_onnx')
    leg = describe(Contract.load(folder / 'leg.yaml'))
    PolicyRunner(leg.write(tmp_path / 'leg.onnx', folder / f'{name}.onnx'))
