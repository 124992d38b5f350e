"""Count the operations of a step graph, node by node."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import inliner, numpy_helper, shape_inference

from liquid_control.control.step_graph import open_session
from liquid_control.evaluation.cost.operations import Operations
from liquid_control.evaluation.cost.rules import MOVES, RULES, Call, Shape, size

_ONNX = ('', 'ai.onnx')


def count_operations(content: bytes) -> Operations:
    """Count the operations of one step of one robot.

    The graph is run once, so that the shapes are the true ones. What depends on constants alone is
    computed when the graph is loaded, and does not count. The body of a ``Loop`` or ``Scan`` counts
    once a turn, for a ``Loop`` that may end early as often as it may turn; of the branches of an
    ``If`` the one with more operations counts.

    Args:
        content: a serialised graph, each of whose inputs is a table with one row a robot.

    Returns:
        The operations; their ``unknown`` names the types of node that were not counted.

    Raises:
        StepGraphError: it is not ONNX, or cannot be loaded.
    """
    model = onnx.load_model_from_string(content)
    if model.functions:
        model = inliner.inline_local_functions(model)
    values = _run(model)
    for graph_input in model.graph.input:
        dimension = graph_input.type.tensor_type.shape.dim[0]
        dimension.dim_value = 1
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    return _Counter(values).of(inferred.graph, {}, {})


def _run(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Step once with one row of ones; return name → value of every tensor of the outer graph."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    there = {value.name for value in wide.graph.output}
    for node in wide.graph.node:
        for name in node.output:
            if name and name not in there:
                wide.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = open_session(wide.SerializeToString())
    given = {
        node.name: np.ones((1, *node.shape[1:]), dtype=np.float32) for node in session.get_inputs()
    }
    names = [node.name for node in session.get_outputs()]
    return {**given, **dict(zip(names, session.run(names, given), strict=True))}


class _Counter:
    """Counts graphs, given the values of the outer one's tensors."""

    def __init__(self, values: dict[str, np.ndarray]):
        self._values = values

    def of(
        self, graph: onnx.GraphProto, shapes: dict[str, Shape], constants: dict[str, np.ndarray]
    ) -> Operations:
        """Operations of a graph; shapes and constants are those of the graphs around it."""
        shapes = {**shapes, **dict(_inferred(graph))}
        shapes |= {name: np.shape(value) for name, value in self._values.items()}
        constants = {**constants, **{t.name: numpy_helper.to_array(t) for t in graph.initializer}}
        shapes |= {name: value.shape for name, value in constants.items()}
        total = Operations()
        for node in graph.node:
            if _constant(node, constants):
                constants |= self._folded(node, shapes)
                continue
            total += self._node(node, shapes, constants)
        return total

    def _folded(self, node: onnx.NodeProto, shapes: dict[str, Shape]) -> dict[str, np.ndarray]:
        """Name → value of what a node makes of constants; ones where it was not run."""
        known: dict[str, np.ndarray] = {}
        for name in node.output:
            if name in self._values:
                known[name] = self._values[name]
            elif node.op_type == 'Constant' and node.attribute[0].name == 'value':
                known[name] = numpy_helper.to_array(node.attribute[0].t)
            else:
                known[name] = np.ones(shapes.get(name, ()), dtype=np.float32)
        return known

    def _node(
        self, node: onnx.NodeProto, shapes: dict[str, Shape], constants: dict[str, np.ndarray]
    ) -> Operations:
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.domain in _ONNX and node.op_type in ('If', 'Loop', 'Scan'):
            return self._flow(node, settings, shapes, constants)
        name = node.op_type if node.domain in _ONNX else f'{node.domain}.{node.op_type}'
        if name not in RULES:
            return Operations(unknown=frozenset({name}))
        used = [*node.input, *node.output]
        if name not in MOVES and any(each and each not in shapes for each in used):
            return Operations(unknown=frozenset({f'{name} of unknown shape'}))
        found = RULES[name](
            Call(
                name,
                [shapes.get(each, ()) for each in node.input],
                [shapes.get(each, ()) for each in node.output],
                settings,
                [constants.get(each) for each in node.input],
            )
        )
        if name in MOVES:
            return found
        read = sum(size(constants[each].shape) for each in node.input if _weight(constants, each))
        return found + Operations(weights=read)

    def _flow(
        self,
        node: onnx.NodeProto,
        settings: dict[str, Any],
        shapes: dict[str, Shape],
        constants: dict[str, np.ndarray],
    ) -> Operations:
        """Operations of a node with graphs inside."""
        if node.op_type == 'If':
            branches = [self.of(settings[f'{b}_branch'], shapes, constants) for b in _BRANCHES]
            more = max(branches, key=lambda each: (each.multiply_adds, each.transcendentals))
            return more + Operations(unknown=frozenset().union(*(b.unknown for b in branches)))
        body = settings['body']
        if node.op_type == 'Loop':
            limit = self._values.get(node.input[0], constants.get(node.input[0]))
            if limit is None:
                return Operations(unknown=frozenset({'Loop without a known number of turns'}))
            turns = int(np.ravel(limit)[0])
        else:
            scanned = node.input[len(node.input) - settings['num_scan_inputs'] :]
            axes = settings.get('scan_input_axes', [0] * len(scanned))
            if scanned[0] not in shapes:
                return Operations(unknown=frozenset({'Scan without a known number of turns'}))
            turns = shapes[scanned[0]][axes[0]]
        return self.of(body, shapes, constants) * turns


_BRANCHES = ('then', 'else')


def _inferred(graph: onnx.GraphProto) -> Iterator[tuple[str, Shape]]:
    """Yield name and shape of the tensors whose shapes are fully inferred."""
    for value in (*graph.input, *graph.output, *graph.value_info):
        dimensions = value.type.tensor_type.shape.dim
        known = value.type.HasField('tensor_type') and value.type.tensor_type.HasField('shape')
        if known and all(d.HasField('dim_value') for d in dimensions):
            yield value.name, tuple(d.dim_value for d in dimensions)


def _constant(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> bool:
    """Whether a node's results are the same in every step."""
    if node.op_type == 'Constant':
        return True
    random = node.op_type.startswith('Random') or node.op_type in ('Bernoulli', 'Multinomial')
    flows = node.op_type in ('If', 'Loop', 'Scan')
    given = [name for name in node.input if name]
    return not (random or flows) and bool(given) and all(name in constants for name in given)


def _weight(constants: dict[str, np.ndarray], name: str) -> bool:
    return name in constants and np.issubdtype(constants[name].dtype, np.floating)
