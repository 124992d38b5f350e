"""Bundles: complete and of the right shape, or refused with a reason."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from support import STUDENT, describe, edit_graph, make_bundle, step_graph

from liquid_control.control import Bundle, BundleError, PolicyRunner
from liquid_control.control.bundle import PREFIX, _metadata_entry


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp('bundle') / 'student.onnx', STUDENT)


def refused(path, content=None):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        PolicyRunner(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def test_the_way_through_a_file_keeps_everything(path):
    told, bundle = describe(STUDENT), Bundle.read(path)
    for name in ('cell', 'settings', 'contract', 'provenance', 'scores', 'counts'):
        assert getattr(bundle, name) == getattr(told, name)
    assert bundle.contract.hash == STUDENT.hash


def test_any_onnx_tool_reads_the_metadata(path):
    model = onnx.load(path)
    onnx.checker.check_model(model)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found[PREFIX + 'contract']) == STUDENT.to_dict()
    assert found[PREFIX + 'contract_hash'] == STUDENT.hash


def test_one_flipped_bit_anywhere_is_refused(path, tmp_path):
    content = path.read_bytes()
    file = tmp_path / 'flipped.onnx'
    for place in sorted({*range(0, len(content), 41), *range(len(content) - 90, len(content))}):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        file.write_bytes(flipped)
        with pytest.raises(BundleError, match='damaged'):
            Bundle.read(file)


def test_a_truncated_file_is_refused(path, tmp_path):
    content = path.read_bytes()
    for length in (0, 1, 20, len(content) // 2, len(content) - 1):
        refused(tmp_path / 'short.onnx', content[:length])
    assert 'damaged' in refused(tmp_path / 'long.onnx', content + b'\n')


def test_what_is_no_bundle_is_named(tmp_path):
    assert 'not an ONNX file' in refused(tmp_path / 'text.onnx', b'policy: cfc\n' * 20)
    assert 'not an ONNX file' in refused(tmp_path / 'zeros.onnx', bytes(300))
    assert 'not a bundle' in refused(tmp_path / 'plain.onnx', step_graph(STUDENT))
    assert 'cannot be read' in refused(tmp_path / 'none.onnx')
    assert 'cannot be read' in refused(tmp_path)


def rename(model):
    model.graph.input[0].name = model.graph.node[0].input[0] = 'obs'
    model.graph.node[-1].input[0] = 'obs'


def swap(model):
    first = model.graph.output.pop(0)
    model.graph.output.append(first)


def fix_batch(model):
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def flatten(model):
    del model.graph.input[1].type.tensor_type.shape.dim[:]


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (rename, r"\('obs', 'elapsed', 'state'\), expected \('observation'"),
        (swap, r'outputs .*, expected'),
        (fix_batch, r'shape \[1, 14\], a fixed batch of 1: expected \(B, 14\)'),
        (flatten, 'its graph cannot be loaded'),
    ],
)
def test_a_graph_of_another_form_is_refused(change, said, tmp_path):
    graph = edit_graph(step_graph(STUDENT), change)
    with pytest.raises(BundleError, match=said):
        describe(STUDENT).write(tmp_path / 'odd.onnx', graph)


@pytest.mark.parametrize(
    ('weight', 'axis', 'said'),
    [('A', 1, 'action has shape .*, expected .B, 6.'), ('P', 1, 'expected .B, 8.')],
)
def test_a_graph_that_is_too_narrow_is_refused(weight, axis, said, tmp_path):
    def narrow(weights):
        weights[weight] = np.delete(weights[weight], 0, axis)

    with pytest.raises(BundleError, match=said):
        describe(STUDENT).write(tmp_path / 'odd.onnx', step_graph(STUDENT, edit=narrow))


def test_a_graph_of_doubles_is_refused(tmp_path):
    def double(model):
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
        for weight in model.graph.initializer:
            values = onnx.numpy_helper.to_array(weight).astype(np.float64)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))

    with pytest.raises(BundleError, match=r'tensor\(double\), expected float32'):
        describe(STUDENT).write(tmp_path / 'odd.onnx', edit_graph(step_graph(STUDENT), double))


def test_a_graph_of_another_robot_is_refused(tmp_path):
    other = STUDENT.asking('joint_position')
    with pytest.raises(BundleError, match=r'observation has shape .*14.*, expected \(B, 8\)'):
        describe(other).write(tmp_path / 'odd.onnx', step_graph(STUDENT))


@pytest.mark.parametrize(
    ('name', 'value', 'said'),
    [
        ('period', '0.01', 'period 0.01 s: expected that of its contract, whose rate is 125 Hz'),
        ('period', 'soon', 'period soon s'),
        ('contract_hash', '0' * 64, 'its metadata says 000000000000'),
        ('format', '99', 'format 99, expected'),
        ('scores', '[' * 100_000, 'scores: not JSON: nested too deeply'),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(path, tmp_path, name, value, said):
    def contradict(model):
        for entry in model.metadata_props:
            if entry.key == PREFIX + name:
                entry.value = value

    content = edit_graph(path.read_bytes(), contradict)
    assert said in refused(tmp_path / 'odd.onnx', sealed_again(content))


def sealed_again(content: bytes) -> bytes:
    """A bundle that was changed, with the hash of what it is now."""

    def unseal(model):
        del model.metadata_props[-1]

    content = edit_graph(content, unseal)
    return content + _metadata_entry(PREFIX + 'sha256', hashlib.sha256(content).hexdigest())


def test_a_graph_that_loads_and_does_not_run_is_refused(tmp_path):
    def gather_beyond(model):
        index = onnx.numpy_helper.from_array(np.full(8, 99), 'index')
        model.graph.initializer.append(index)
        node = model.graph.node[-1]
        node.CopyFrom(
            onnx.helper.make_node('Gather', ['observation', 'index'], ['prediction'], axis=1)
        )

    file = tmp_path / 'odd.onnx'
    with pytest.raises(BundleError, match='does not run with a batch of 1'):
        describe(STUDENT).write(file, edit_graph(step_graph(STUDENT), gather_beyond))
    assert not file.exists()
    content = edit_graph(make_bundle(file, STUDENT).read_bytes(), gather_beyond)
    assert 'does not run' in refused(file, sealed_again(content))


def test_what_a_bundle_says_must_be_maps(tmp_path):
    with pytest.raises(BundleError, match='settings: expected a map, found a list'):
        replace(describe(STUDENT), settings=[1]).write(tmp_path / 'list.onnx', step_graph(STUDENT))
