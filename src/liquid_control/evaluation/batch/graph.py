"""A policy's graph for batches, with the numbers of single steps."""

import onnx
from onnx import NodeProto

from liquid_control.evaluation.batch.aligned import align_rows


def batch_graph(content: bytes) -> bytes:
    """Rewrite a graph of one step so that rows of a batch are rounded as single steps are.

    Args:
        content: the graph, for batches of any size.
    """
    model = onnx.load_model_from_string(content)
    align_rows(model)
    nodes = _needed(list(model.graph.node), {value.name for value in model.graph.output})
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def _needed(nodes: list[NodeProto], names: set[str]) -> list[NodeProto]:
    """The nodes, in their order, that some values depend on; ONNX Runtime would run all."""
    kept = []
    for node in reversed(nodes):
        if names.intersection(node.output):
            names.update(node.input)
            kept.append(node)
    return kept[::-1]
