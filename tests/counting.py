"""Policies that count their steps and fail after some of them."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from support import describe

from liquid_control.control import Contract

FAILURES = ('action', 'state', 'step')


def failing(path: Path, contract: Contract, failure: str, steps: int) -> Path:
    """Write a policy whose action or state is NaN, or whose step fails, after so many steps.

    Its state counts the steps; its action is a thousandth of the count on every joint.
    """
    n, m, p = contract.observation_size, contract.action_size, contract.sensed_size
    weights = {
        'one': np.ones(1), 'left': np.array([steps]), 'thousandth': np.full((1, m), 0.001),
        'still': np.eye(n, p), 'row': np.zeros((steps + 1, 1)), 'none': np.zeros((1, 1)),
    }  # fmt: skip
    nodes = [
        helper.make_node('Sub', ['left', 'state'], ['remaining']),
        helper.make_node('Sqrt', ['remaining'], ['root']),  # NaN below zero
        helper.make_node('Mul', ['root', 'none'], ['fault']),
        helper.make_node('Add', ['state', 'one'], ['counted']),
        helper.make_node('MatMul', ['counted', 'thousandth'], ['asked']),
        helper.make_node('MatMul', ['observation', 'still'], ['prediction']),
        helper.make_node('Cast', ['state'], ['index'], to=TensorProto.INT64),
        helper.make_node('GatherND', ['row', 'index'], ['looked_up']),  # refused beyond the rows
    ]
    broken = {'action': 'asked', 'state': 'counted', 'step': 'counted'}[failure]
    fault = 'looked_up' if failure == 'step' else 'fault'
    whole = {'asked': 'action', 'counted': 'next_state'}
    for value, name in whole.items():
        if value == broken:
            nodes.append(helper.make_node('Add', [value, fault], [name]))
        else:
            nodes.append(helper.make_node('Identity', [value], [name]))

    def values(**sizes: int) -> list:
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ['B', width])
            for name, width in sizes.items()
        ]

    if failure != 'step':
        nodes = [node for node in nodes if node.output[0] not in ('index', 'looked_up')]
    graph = helper.make_graph(
        nodes,
        'failing',
        values(observation=n, elapsed=1, state=1),
        values(action=m, prediction=p, next_state=1),
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()],
    )
    opset = [helper.make_opsetid('', 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    describe(contract).write(path, model.SerializeToString())
    return path
