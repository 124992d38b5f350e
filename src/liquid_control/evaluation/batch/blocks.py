"""Products with sparse weights in a policy's graph, block by block, with the same numbers.

ONNX Runtime sums a product (B, K)·(K, N) over 256 of the K at a time, in order. Columns whose
weights of such a block are all zero are left out of it.
"""

import itertools

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

_BLOCK = 256
"""Terms that ONNX Runtime sums before it adds them to the result."""
_WORTH = 0.5
"""Share of the multiplications that must remain at most."""


def split_products(model: ModelProto) -> None:
    """Compute products with sparse weights block by block, where that saves half of the work.

    Args:
        model: a step for batches of any size; changed in place.
    """
    splitter = _Splitter(model.graph)
    nodes = [new for node in model.graph.node for new in splitter.replaced(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Splitter:
    """Splits products, and knows the weights that they are made with."""

    def __init__(self, graph: GraphProto):
        self._graph = graph
        self._weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}

    def replaced(self, node: NodeProto) -> list[NodeProto]:
        """The nodes that compute what one computes."""
        self._follow(node)
        weights = self._weights.get(node.input[1]) if len(node.input) == 3 else None
        if node.op_type == 'Gemm' and weights is not None and _plain(node):
            return self._product(node, weights) or [node]
        return [node]

    def _follow(self, node: NodeProto) -> None:
        """Compute weights that a graph makes of a list of the existing ones."""
        given = [self._weights[name] for name in node.input if name in self._weights]
        if len(given) < len(node.input):
            return
        if node.op_type == 'ConstantOfShape':
            filled = [numpy_helper.to_array(attribute.t) for attribute in node.attribute]
            value = filled[0][0] if filled else np.float32(0.0)
            self._weights[node.output[0]] = np.full(given[0], value)
        elif node.op_type == 'ScatterND' and not node.attribute:
            table = given[0].copy()
            table[tuple(given[1].T)] = given[2]
            self._weights[node.output[0]] = table

    def _product(self, node: NodeProto, weights: np.ndarray) -> list[NodeProto] | None:
        """The nodes of a product with weights (K, N); None if it stays as it is."""
        length, width = weights.shape
        starts = list(range(0, length, _BLOCK))
        parts = [weights[start : start + _BLOCK] for start in starts]
        used = np.array([(part != 0.0).any(axis=0) for part in parts])
        rows = np.array([len(part) for part in parts])
        if len(parts) < 2 or (used.sum(axis=1) * rows).sum() > _WORTH * weights.size:
            return None
        cuts = np.flatnonzero((used[:, 1:] != used[:, :-1]).any(axis=0)) + 1
        segments = list(itertools.pairwise([0, *cuts.tolist(), width]))
        return self._blocks(node, parts, used, segments)

    def _blocks(
        self,
        node: NodeProto,
        parts: list[np.ndarray],
        used: np.ndarray,
        segments: list[tuple[int, int]],
    ) -> list[NodeProto]:
        """One product for each block and the columns that it changes.

        Args:
            node: the whole product.
            parts: weights of each block, (256 or less, N).
            used: whether a block changes a column, (blocks, N).
            segments: first and last columns that the same blocks change.
        """
        name = node.output[0]
        rows = np.array([len(part) for part in parts], dtype=np.int64)
        widths = np.array([end - start for start, end in segments], dtype=np.int64)
        base, made = self._base(node, int(widths.sum()))
        current = [f'{name}.base{at}' for at in range(len(segments))]
        values = [f'{name}.values{at}' for at in range(len(parts))]
        made += [
            self._split(node.input[0], rows, values, f'{name}.rows'),
            self._split(base, widths, list(current), f'{name}.widths'),
        ]
        for block, part in enumerate(parts):
            chosen = [at for at, (start, _) in enumerate(segments) if used[block, start]]
            if not chosen:
                continue
            columns = np.concatenate([np.arange(*segments[at]) for at in chosen])
            weights = self._keep(f'{name}.weights{block}', np.ascontiguousarray(part[:, columns]))
            joined, found = f'{name}.joined{block}', f'{name}.found{block}'
            made.append(
                helper.make_node('Concat', [current[at] for at in chosen], [joined], axis=1)
            )
            made.append(helper.make_node('Gemm', [values[block], weights, joined], [found]))
            outputs = [f'{found}.{at}' for at in chosen]
            made.append(self._split(found, widths[chosen], outputs, f'{found}.widths'))
            for at, output in zip(chosen, outputs, strict=True):
                current[at] = output
        made.append(helper.make_node('Concat', current, [name], axis=1))
        return made

    def _base(self, node: NodeProto, width: int) -> tuple[str, list[NodeProto]]:
        """What the product is added to, with a row for each of the batch."""
        bias = self._weights.get(node.input[2])
        if bias is None:
            return node.input[2], []
        name = f'{node.output[0]}.bias'
        columns = self._keep(f'{name}.columns', np.array([width], dtype=np.int64))
        return name, [
            helper.make_node('Shape', [node.input[0]], [f'{name}.rows'], start=0, end=1),
            helper.make_node('Concat', [f'{name}.rows', columns], [f'{name}.shape'], axis=0),
            helper.make_node('Expand', [node.input[2], f'{name}.shape'], [name]),
        ]

    def _split(self, name: str, sizes: np.ndarray, outputs: list[str], label: str) -> NodeProto:
        return helper.make_node('Split', [name, self._keep(label, sizes)], outputs, axis=1)

    def _keep(self, name: str, values: np.ndarray) -> str:
        self._graph.initializer.append(numpy_helper.from_array(values, name))
        return name


def _plain(node: NodeProto) -> bool:
    """Whether a product is neither scaled nor of transposed factors."""
    return all(
        attribute.f == 1.0 if attribute.name in ('alpha', 'beta') else attribute.i == 0
        for attribute in node.attribute
    )
