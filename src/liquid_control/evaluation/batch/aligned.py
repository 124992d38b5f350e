"""Sums in a policy's graph, computed for a row of a batch as for a single row.

ONNX Runtime adds four neighbouring numbers at once, beginning at a multiple of 16 bytes. Where a
row of a batch begins elsewhere, a sum over its last axis is rounded in another order.
"""

import math

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

_LANES = 4
"""Numbers of a float32 vector of 16 bytes."""
_PAIRWISE = ('Add', 'Sub', 'Mul', 'Div')
_SINGLE = ('Sigmoid', 'Tanh', 'Neg', 'Abs', 'Relu', 'Softplus', 'Exp')


def align_rows(model: ModelProto) -> None:
    """Widen what is summed over its last axis, so that each row of a batch begins at 16 bytes.

    Sums (B, T, S) → (B, T) of element-wise functions of (B, 1, S) and weights (T, S) are computed
    for some more T, whose weights are zero, and cut to T. Other sums stay as they are.

    Args:
        model: a step for batches of any size; changed in place. What it computed before is still
            in it, though nothing needs it.
    """
    shapes = _shapes(onnx.shape_inference.infer_shapes(model).graph)
    widener = _Widener(model.graph, shapes)
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.op_type == 'ReduceSum' and _over_last(node, widener.weights):
            nodes += widener.sum(node)
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _shapes(graph: GraphProto) -> dict[str, tuple[int | None, ...]]:
    """Shape of each value; None for a size that is not fixed."""
    values = (*graph.value_info, *graph.input, *graph.output)
    shapes: dict[str, tuple[int | None, ...]] = {
        value.name: tuple(
            dim.dim_value if dim.HasField('dim_value') else None
            for dim in value.type.tensor_type.shape.dim
        )
        for value in values
    }
    return shapes | {weights.name: tuple(weights.dims) for weights in graph.initializer}


def _over_last(node: NodeProto, weights: dict[str, np.ndarray]) -> bool:
    """Whether a sum is over the last axis of three alone, which it drops."""
    axes = weights.get(node.input[1]) if len(node.input) > 1 else None
    keeps = any(a.name == 'keepdims' and a.i for a in node.attribute)
    named = any(a.name == 'keepdims' for a in node.attribute)
    return axes is not None and axes.tolist() in ([-1], [2]) and named and not keeps


class _Widener:
    """Makes wider twins of the values of a graph, and the nodes that compute them."""

    def __init__(self, graph: GraphProto, shapes: dict[str, tuple[int | None, ...]]):
        self._graph, self._shapes = graph, shapes
        self.weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
        self._makers = {name: node for node in graph.node for name in node.output}
        self._twins: dict[tuple[str, int], str | None] = {}
        self._nodes: list[NodeProto] = []

    def sum(self, node: NodeProto) -> list[NodeProto]:
        """The nodes that replace a sum: those of wider values, the sum itself, and the cut."""
        shape = self._shapes.get(node.input[0], ())
        if len(shape) != 3 or shape[1] is None or shape[2] is None:
            return [node]
        rows, length = shape[1], shape[2]
        more = -rows % (_LANES // math.gcd(length, _LANES))
        wide = self._twin(node.input[0], (rows, length), more) if more else None
        if wide is None:
            return [node]
        made, self._nodes = self._nodes, []
        total, result = f'{node.output[0]}.wide', node.output[0]
        whole = NodeProto()
        whole.CopyFrom(node)
        whole.input[0], whole.output[0] = wide, total
        bounds = [
            self._keep(f'{result}.{key}', np.array([value], dtype=np.int64))
            for key, value in (('start', 0), ('end', rows), ('axis', 1))
        ]
        return [*made, whole, helper.make_node('Slice', [total, *bounds], [result])]

    def _twin(self, name: str, shape: tuple[int, int], more: int) -> str | None:
        """Name of a value's twin with more rows; None if it cannot have one.

        Args:
            name: a value of (B, T, S), (T, S) or (B, 1, S).
            shape: (T, S).
            more: rows to add to T.
        """
        if (name, more) not in self._twins:
            self._twins[name, more] = self._make(name, shape, more)
        return self._twins[name, more]

    def _make(self, name: str, shape: tuple[int, int], more: int) -> str | None:
        found = self._shapes.get(name, ())
        if name in self.weights:
            return self._wide_weights(name, shape, more)
        if len(found) == 3 and found[1] == 1 and found[2] in (1, shape[1]):
            return name
        node = self._makers.get(name)
        if node is None or found[1:] != shape or node.op_type not in _PAIRWISE + _SINGLE:
            return None
        twins = [self._twin(given, shape, more) for given in node.input]
        names = [twin for twin in twins if twin is not None]
        if len(names) < len(twins):
            return None
        self._nodes.append(helper.make_node(node.op_type, names, [f'{name}.wide']))
        return f'{name}.wide'

    def _wide_weights(self, name: str, shape: tuple[int, int], more: int) -> str | None:
        values = self.weights[name]
        if values.ndim < 2 or values.shape[-2] == 1:
            return name if values.shape[-1:] in ((), (1,), shape[1:]) else None
        if values.shape != shape:
            return None
        return self._keep(f'{name}.wide', np.pad(values, ((0, more), (0, 0))))

    def _keep(self, name: str, values: np.ndarray) -> str:
        if name not in self.weights:
            self._graph.initializer.append(numpy_helper.from_array(values, name))
            self.weights[name] = values
        return name
