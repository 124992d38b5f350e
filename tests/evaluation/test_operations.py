"""Operations of ONNX graphs, beside counts by hand."""

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import STUDENT, step_graph

from liquid_control.evaluation.cost import Operations, count_operations

WIDTH = 3


def graph(nodes, constants, opset=18, width=WIDTH):
    """A serialised graph x (1, width) → y; constants by name."""
    made = helper.make_graph(
        nodes,
        'g',
        [helper.make_tensor_value_info('x', TensorProto.FLOAT, ['B', width])],
        [helper.make_empty_tensor_value_info('y')],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    domains = [helper.make_opsetid('', opset), helper.make_opsetid('com.microsoft', 1)]
    return helper.make_model(made, opset_imports=domains, ir_version=8).SerializeToString()


def ones(*shape):
    return np.ones(shape, dtype=np.float32)


def counted(kind, *constants, inputs=('x',), **settings):
    """Operations of one node; further inputs are constants c0, c1, …"""
    names = [f'c{n}' for n in range(len(constants))]
    node = helper.make_node(kind, [*inputs, *names], ['y'], **settings)
    return count_operations(graph([node], dict(zip(names, constants, strict=True))))


def test_a_product_of_matrices_counts_every_pair():
    found = counted('MatMul', ones(WIDTH, 5))
    assert found == Operations(products=15, weights=15, events=15)


def test_gemm_adds_its_bias_and_scales():
    found = counted('Gemm', ones(5, WIDTH), ones(5), transB=1)
    assert found == Operations(products=15, additions=5, weights=20, events=15)
    scaled = counted('Gemm', ones(5, WIDTH), ones(5), transB=1, alpha=0.5)
    assert scaled.multiplications == 5


def test_weights_of_zero_carry_no_event():
    weights = ones(WIDTH, 5)
    weights[0] = 0.0
    found = counted('MatMul', weights)
    assert (found.products, found.events) == (15, 10)


@pytest.mark.parametrize(
    ('equation', 'other', 'expected'),
    [
        ('bi,ij->bj', ones(WIDTH, 4), Operations(products=12, weights=12, events=12)),
        ('bi,bi->bi', ones(1, WIDTH), Operations(multiplications=3, weights=3)),
    ],
)
def test_einsum_is_a_product_or_value_by_value(equation, other, expected):
    assert counted('Einsum', other, equation=equation) == expected


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        ('Add', Operations(additions=3, weights=3)),
        ('Sub', Operations(additions=3, weights=3)),
        ('Mul', Operations(multiplications=3, weights=3)),
        ('Div', Operations(functions=Counter(div=3), weights=3)),
        ('Max', Operations(comparisons=3, weights=3)),
    ],
)
def test_value_by_value(kind, expected):
    assert counted(kind, ones(1, WIDTH)) == expected


@pytest.mark.parametrize('kind', ['Tanh', 'Sigmoid', 'Exp', 'Softplus', 'Log', 'Sqrt'])
def test_each_function_is_counted_by_name(kind):
    found = counted(kind)
    assert found == Operations(functions=Counter({kind.lower(): 3}))
    assert (found.multiply_adds, found.transcendentals) == (0, 3)


def test_a_square_is_a_multiplication():
    assert counted('Pow', np.float32(2.0)).multiplications == 3
    assert counted('Pow', np.float32(1.5)).functions == Counter(pow=3)


def test_a_sum_over_values_adds_all_but_one():
    found = counted('ReduceSum', np.array([1]), keepdims=1)
    assert found == Operations(additions=2, events=3)


def test_what_only_moves_values_is_free():
    assert counted('Transpose', perm=[1, 0]) == Operations()
    assert counted('Concat', ones(1, 2), axis=1) == Operations()


def test_what_is_constant_is_computed_once():
    nodes = [
        helper.make_node('Exp', ['w'], ['e']),
        helper.make_node('Mul', ['x', 'e'], ['y']),
    ]
    found = count_operations(graph(nodes, {'w': ones(1, WIDTH)}))
    assert found == Operations(multiplications=3, weights=3)


def test_broadcasting_counts_the_result():
    nodes = [
        helper.make_node('Unsqueeze', ['x', 'axis'], ['u']),
        helper.make_node('Mul', ['u', 'w'], ['y']),
    ]
    found = count_operations(graph(nodes, {'axis': np.array([2]), 'w': ones(WIDTH, 4)}))
    assert found.multiplications == 12


def test_an_unknown_operation_is_named():
    found = counted('QuickGelu', domain='com.microsoft')
    assert found.unknown == {'com.microsoft.QuickGelu'}
    assert counted('Hardmax').unknown == {'Hardmax'}


def body(*nodes, inputs, outputs, constants=()):
    return helper.make_graph(
        nodes, 'body',
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        constants,
    )  # fmt: skip


ROW = TensorProto.FLOAT, [1, WIDTH]


def test_a_loop_counts_its_body_once_a_turn():
    inside = body(
        helper.make_node('Tanh', ['h'], ['next']),
        helper.make_node('Identity', ['go'], ['on']),
        inputs=[('i', TensorProto.INT64, []), ('go', TensorProto.BOOL, []), ('h', *ROW)],
        outputs=[('on', TensorProto.BOOL, []), ('next', *ROW)],
    )
    node = helper.make_node('Loop', ['turns', 'go0', 'x'], ['y'], body=inside)
    found = count_operations(graph([node], {'turns': np.array(6), 'go0': np.array(True)}))
    assert found == Operations(functions=Counter(tanh=18))


def test_a_loop_without_a_limit_is_named():
    inside = body(
        helper.make_node('Tanh', ['h'], ['next']),
        helper.make_node('Less', ['i', 'five'], ['on']),
        inputs=[('i', TensorProto.INT64, []), ('go', TensorProto.BOOL, []), ('h', *ROW)],
        outputs=[('on', TensorProto.BOOL, []), ('next', *ROW)],
        constants=[numpy_helper.from_array(np.array(5), 'five')],
    )
    node = helper.make_node('Loop', ['', 'go0', 'x'], ['y'], body=inside)
    found = count_operations(graph([node], {'go0': np.array(True)}))
    assert found.unknown == {'Loop without a known number of turns'}


def test_a_scan_counts_its_body_once_an_element():
    inside = body(
        helper.make_node('Add', ['s', 'e'], ['next']),
        helper.make_node('Exp', ['next'], ['out']),
        inputs=[('s', TensorProto.FLOAT, [1]), ('e', TensorProto.FLOAT, [1])],
        outputs=[('next', TensorProto.FLOAT, [1]), ('out', TensorProto.FLOAT, [1])],
    )
    nodes = [
        helper.make_node('Transpose', ['x'], ['columns'], perm=[1, 0]),
        helper.make_node(
            'Scan', ['start', 'columns'], ['last', 'y'], body=inside, num_scan_inputs=1
        ),
    ]
    found = count_operations(graph(nodes, {'start': ones(1)}))
    assert found == Operations(additions=3, functions=Counter(exp=3))


def test_of_two_branches_the_longer_counts():
    branches = {
        f'{name}_branch': body(helper.make_node(kind, ['x'], [f'{name}_y']), inputs=[],
                               outputs=[(f'{name}_y', *ROW)])
        for name, kind in (('then', 'Tanh'), ('else', 'Identity'))
    }  # fmt: skip
    nodes = [
        helper.make_node('ReduceMax', ['x'], ['most'], keepdims=0),
        helper.make_node('Less', ['most', 'zero'], ['lower']),
        helper.make_node('If', ['lower'], ['y'], **branches),
    ]
    found = count_operations(graph(nodes, {'zero': np.float32(0.0)}))
    assert found.functions == Counter(tanh=3)


@pytest.mark.parametrize(
    ('kind', 'gates', 'functions', 'multiplications', 'additions'),
    [
        ('LSTM', 4, Counter(sigmoid=3 * 7, tanh=2 * 7), 3, 1),
        ('GRU', 3, Counter(sigmoid=2 * 7, tanh=7), 3, 2),
        ('RNN', 1, Counter(tanh=7), 0, 0),
    ],
)
def test_recurrent_layers_of_onnx(kind, gates, functions, multiplications, additions):
    units = 7
    nodes = [
        helper.make_node('Unsqueeze', ['x', 'axis'], ['t']),
        helper.make_node(kind, ['t', 'W', 'R', 'b'], ['y'], hidden_size=units),
    ]
    constants = {
        'axis': np.array([0]),
        'W': ones(1, gates * units, WIDTH),
        'R': ones(1, gates * units, units),
        'b': ones(1, 2 * gates * units),
    }
    found = count_operations(graph(nodes, constants))
    assert found.products == gates * units * (WIDTH + units)
    assert found.multiplications == multiplications * units
    assert found.additions == (additions + gates) * units
    assert found.functions == functions


def test_a_function_of_the_model_is_opened():
    double = helper.make_function(
        'own', 'Twice', ['a'], ['b'],
        [helper.make_node('Add', ['a', 'a'], ['b'])], [helper.make_opsetid('', 18)],
    )  # fmt: skip
    model = onnx.load_model_from_string(graph([helper.make_node('Identity', ['x'], ['y'])], {}))
    del model.graph.node[:]
    model.graph.node.append(helper.make_node('Twice', ['x'], ['y'], domain='own'))
    model.functions.append(double)
    model.opset_import.append(helper.make_opsetid('own', 1))
    assert count_operations(model.SerializeToString()) == Operations(additions=3)


def test_a_whole_step_graph():
    """x W, tanh, h A, o P: 5 units on observation, elapsed time and state."""
    seen, acts, predicted = (
        STUDENT.observation_size, STUDENT.action_size, STUDENT.sensed_size,
    )  # fmt: skip
    found = count_operations(step_graph(STUDENT, size=5))
    assert found.products == (seen + 1 + 5) * 5 + 5 * acts + seen * predicted
    assert found.functions == Counter(tanh=5)
    assert found.weights == found.products == found.multiply_adds
