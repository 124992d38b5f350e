"""Operations of one ONNX node, by its type."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from liquid_control.evaluation.cost.operations import Operations

Shape = tuple[int, ...]


class Call(NamedTuple):
    """One node with the shapes of its tensors; an input or output that is left out has ()."""

    kind: str
    inputs: Sequence[Shape]
    outputs: Sequence[Shape]
    settings: dict[str, Any]
    constants: Sequence[Any]
    """The value of each input that is constant, else None."""


Rule = Callable[[Call], Operations]

MOVES = (
    'Cast', 'CastLike', 'Concat', 'Constant', 'ConstantOfShape', 'Dropout', 'Expand', 'Flatten',
    'Gather', 'GatherElements', 'GatherND', 'Identity', 'Pad', 'Range', 'Reshape',
    'ScatterElements', 'ScatterND', 'Shape', 'Size', 'Slice', 'Split', 'Squeeze', 'Tile',
    'Transpose', 'Trilu', 'Unsqueeze',
)  # fmt: skip
"""Types that only move values."""
_FUNCTIONS = (
    'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Celu', 'Cos', 'Cosh', 'Div', 'Elu', 'Erf',
    'Exp', 'Gelu', 'Log', 'Mish', 'Mod', 'Pow', 'Reciprocal', 'Selu', 'Sigmoid', 'Sin', 'Sinh',
    'Softplus', 'Softsign', 'Sqrt', 'Tan', 'Tanh',
)  # fmt: skip
_COMPARISONS = (
    'Abs', 'And', 'Ceil', 'Clip', 'Equal', 'Floor', 'Greater', 'GreaterOrEqual', 'IsInf', 'IsNaN',
    'LeakyRelu', 'Less', 'LessOrEqual', 'Max', 'Min', 'Neg', 'Not', 'Or', 'PRelu', 'Relu', 'Round',
    'Sign', 'Where', 'Xor',
)  # fmt: skip
_DIVISIONS = ('Reciprocal', 'Softsign')
"""Functions that take as much as a division."""


def size(shape: Shape) -> int:
    """Number of values of a tensor."""
    return math.prod(shape)


def _add(call: Call) -> Operations:
    return Operations(additions=_operands(call) * size(call.outputs[0]))


def _multiply(call: Call) -> Operations:
    return Operations(multiplications=_operands(call) * size(call.outputs[0]))


def _operands(call: Call) -> int:
    """Number of operations for one value of a sum or a product of several tensors."""
    return max(1, len(call.inputs) - 1)


def _compare(call: Call) -> Operations:
    return Operations(comparisons=size(call.outputs[0]))


def _function(call: Call) -> Operations:
    name, count = call.kind.lower(), size(call.outputs[0])
    if call.kind in _DIVISIONS:
        name = 'div'
    if call.kind == 'Pow' and call.constants[1] is not None and (call.constants[1] == 2).all():
        return Operations(multiplications=count)
    return Operations(functions=Counter({name: count}))


def _nonzero(constant: Any, count: int) -> float:
    """Share of values that are not zero; 1 for what is not constant."""
    return 1.0 if constant is None or not count else float((constant != 0).sum()) / count


def _product(call: Call, terms: int) -> Operations:
    """Multiply-adds, of which those with a weight of zero carry no event."""
    shares = [
        _nonzero(constant, size(shape))
        for constant, shape in zip(call.constants[:2], call.inputs[:2], strict=True)
    ]
    return Operations(products=terms, events=round(terms * min(shares)))


def _matmul(call: Call) -> Operations:
    return _product(call, size(call.outputs[0]) * call.inputs[0][-1])


def _gemm(call: Call) -> Operations:
    inner = call.inputs[0][0 if call.settings.get('transA') else 1]
    count = size(call.outputs[0])
    biased = len(call.inputs) > 2 and call.inputs[2] != ()
    scaled = [call.settings.get('alpha', 1.0), call.settings.get('beta', 1.0) if biased else 1.0]
    return _product(call, count * inner) + Operations(
        multiplications=count * sum(scale != 1.0 for scale in scaled), additions=count * biased
    )


def _einsum(call: Call) -> Operations:
    equation = call.settings['equation'].decode().replace(' ', '')
    operands, _, result = equation.partition('->')
    if '.' in equation or '->' not in equation:
        return Operations(unknown=frozenset({f'Einsum {equation}'}))
    labels = operands.split(',')
    sizes = {
        label: length
        for term, shape in zip(labels, call.inputs, strict=True)
        for label, length in zip(term, shape, strict=True)
    }
    terms = (len(labels) - 1) * math.prod(sizes.values())
    if len(labels) == 1:
        return Operations(additions=math.prod(sizes.values()) - size(call.outputs[0]))
    if set(sizes) == set(result):
        return Operations(multiplications=terms)
    return _product(call, terms)


def _conv(call: Call) -> Operations:
    taps, count = size(call.inputs[1][1:]), size(call.outputs[0])
    return _product(call, count * taps) + Operations(additions=count * (len(call.inputs) > 2))


def _reduce(call: Call) -> Operations:
    summed, left = size(call.inputs[0]), size(call.outputs[0])
    kind = call.kind.removeprefix('Reduce')
    if kind in ('Max', 'Min'):
        return Operations(comparisons=summed - left)
    if kind == 'Prod':
        return Operations(multiplications=summed - left)
    found = Operations(additions=summed - left, events=summed)
    if kind == 'Mean':
        return found + Operations(functions=Counter(div=left))
    if kind in ('SumSquare', 'L2'):
        found += Operations(multiplications=summed)
    if kind == 'L2':
        found += Operations(functions=Counter(sqrt=left))
    if kind == 'L1':
        found += Operations(comparisons=summed)
    return found


def _softmax(call: Call) -> Operations:
    count = size(call.outputs[0])
    more = {'log': count} if call.kind == 'LogSoftmax' else {}
    return Operations(additions=count, functions=Counter(exp=count, div=count, **more))


def _normalised(call: Call) -> Operations:
    """Mean, variance, one root and one division a row, then scale and bias."""
    count = size(call.inputs[0])
    rows = count // size(call.inputs[0][call.settings.get('axis', -1) :])
    return Operations(
        multiplications=3 * count, additions=4 * count, functions=Counter(sqrt=rows, div=3 * rows)
    )


def _hard_sigmoid(call: Call) -> Operations:
    count = size(call.outputs[0])
    return Operations(multiplications=count, additions=count, comparisons=count)


def _recurrent(gates: int, multiplications: int, additions: int, **functions: int) -> Rule:
    """ONNX's own recurrent layers: per unit and step, ``gates`` rows of weights and biases."""

    def rule(call: Call) -> Operations:
        steps, batch, inputs = call.inputs[0]
        directions, _, units = call.inputs[2]
        times = steps * batch * directions * units
        share = min(
            _nonzero(constant, size(shape))
            for constant, shape in zip(call.constants[1:3], call.inputs[1:3], strict=True)
        )
        products = times * gates * (inputs + units)
        return Operations(
            products=products,
            multiplications=times * multiplications,
            additions=times * (additions + gates),
            functions=Counter({name: times * count for name, count in functions.items()}),
            events=round(products * share),
        )

    return rule


RULES: dict[str, Rule] = {
    **dict.fromkeys(_COMPARISONS, _compare),
    **dict.fromkeys(_FUNCTIONS, _function),
    **dict.fromkeys(MOVES, lambda call: Operations()),
    **dict.fromkeys(('Add', 'Sub', 'Sum', 'CumSum'), _add),
    'Mul': _multiply,
    'MatMul': _matmul,
    'Gemm': _gemm,
    'Einsum': _einsum,
    'Conv': _conv,
    **{
        f'Reduce{kind}': _reduce
        for kind in ('L1', 'L2', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare')
    },
    'Softmax': _softmax,
    'LogSoftmax': _softmax,
    'LayerNormalization': _normalised,
    'HardSigmoid': _hard_sigmoid,
    'LSTM': _recurrent(4, 3, 1, sigmoid=3, tanh=2),
    'GRU': _recurrent(3, 3, 2, sigmoid=2, tanh=1),
    'RNN': _recurrent(1, 0, 0, tanh=1),
}
"""Type of a node → its rule."""
