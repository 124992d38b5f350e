"""Step a bundle through a whole sequence in one network call."""

import onnx
from onnx import TensorProto, helper

from liquid_control.control.step_graph import INPUTS, OUTPUTS

SEQUENCE_INPUTS = ('sequence.observations', 'sequence.times', 'sequence.before')
SEQUENCE_OUTPUTS = ('sequence.predictions', 'sequence.states')
_WEIGHTS_APART = 4
"""First ONNX IR version in which weights need not also be listed as inputs."""


def sequence_graph(graph: bytes) -> bytes:
    """Wrap a bundle's graph in an ONNX Scan that steps one robot through T samples.

    The operations are those of the step, on rows of the same shape, so the numbers are the same;
    only the overhead per call is saved.

    Args:
        graph: graph of one step, for batches of any size.

    Returns:
        A graph with ``SEQUENCE_INPUTS``: observations (T, 1, n), elapsed times (T, 1, 1) and the
        state before (1, s); and ``SEQUENCE_OUTPUTS``: predictions (T, 1, p) and the states after
        each step (T, 1, s).
    """
    model = onnx.load_model_from_string(graph)
    step = model.graph
    width = {
        value.name: value.type.tensor_type.shape.dim[1].dim_value
        for value in (*step.input, *step.output)
        if value.name in INPUTS + OUTPUTS  # older graphs list weights as inputs too
    }
    observation, elapsed, state = INPUTS
    _, prediction, next_state = OUTPUTS

    def value(name: str, like: str, *first: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [*first, 1, width[like]])

    kept, last = 'sequence.kept', 'sequence.last'
    keep = helper.make_node('Identity', [next_state], [kept])
    body = helper.make_graph(
        [*step.node, keep],
        'step',
        [value(name, name) for name in (state, observation, elapsed)],
        [value(next_state, state), value(prediction, prediction), value(kept, state)],
    )
    observations, times, before = SEQUENCE_INPUTS
    scan = helper.make_node(
        'Scan',
        [before, observations, times],
        [last, *SEQUENCE_OUTPUTS],
        num_scan_inputs=2,
        body=body,
    )
    sequence = helper.make_graph(
        [scan],
        'sequence',
        [value(observations, observation, 'time'), value(times, elapsed, 'time'),
         value(before, state)],
        [value(name, like, 'time')
         for name, like in zip(SEQUENCE_OUTPUTS, (prediction, state), strict=True)],
        initializer=step.initializer,
    )  # fmt: skip
    return helper.make_model(
        sequence,
        opset_imports=model.opset_import,
        ir_version=max(model.ir_version, _WEIGHTS_APART),
        functions=model.functions,
    ).SerializeToString()
