"""The ONNX graph of one step: opened without reading any other file, and checked rule by rule.

``observation (B, n)``, ``elapsed (B, 1)``, ``state (B, s)`` →
``action (B, m)``, ``prediction (B, p)``, ``next_state (B, s)``, all float32, for any batch B.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

INPUTS = ('observation', 'elapsed', 'state')
OUTPUTS = ('action', 'prediction', 'next_state')
_OTHER_FILES = (
    (b'version https://git-lfs', 'a Git LFS pointer, not the file itself: run git lfs pull'),
    (b'PK\x03\x04', 'an archive, as PyTorch (TorchScript) writes: export the model to ONNX'),
    (b'\x80', 'a Python pickle: export the model to ONNX'),
    (b'\x89HDF', 'an HDF5 file: export the model to ONNX'),
    (b'<', 'a web page or XML'),
)


class StepGraphError(ValueError):
    """A graph cannot be loaded or is no step. The message names the rule that is broken."""


def open_session(content: bytes, arena: bool = False) -> onnxruntime.InferenceSession:
    """Open a single-threaded ONNX Runtime session.

    Args:
        content: the graph.
        arena: whether memory is kept from one step to the next, which is faster for large batches.

    Raises:
        StepGraphError: it is not ONNX, is too new, cannot be loaded, or its weights are in
            another file.
    """
    refuse_other_kinds(content)
    _require_weights(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = arena
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise StepGraphError(_why_not_loaded(str(error))) from error


def refuse_other_kinds(content: bytes) -> None:
    """Raise StepGraphError if content is empty or a well-known kind of file other than ONNX."""
    if not content:
        raise StepGraphError('an empty file')
    for start, what in _OTHER_FILES:
        if content.startswith(start):
            raise StepGraphError(f'not an ONNX file, but {what}')


def _why_not_loaded(said: str) -> str:
    here = f'ONNX Runtime {onnxruntime.__version__}'
    newer = re.search(r'Unsupported model IR version: (\d+), max supported IR version: (\d+)', said)
    if newer:
        return (
            f'its ONNX IR version is {newer[1]}, and {here} reads up to {newer[2]}: export it for '
            'an older one, or upgrade onnxruntime'
        )
    newer = re.search(r'[Oo]pset (\d+) is under development.*?till opset (\d+)', said, re.DOTALL)
    if newer:
        return (
            f'its ONNX opset is {newer[1]}, and {here} reads up to {newer[2]}: export it for an '
            'older one, or upgrade onnxruntime'
        )
    if 'protobuf parsing failed' in said or 'No graph was found' in said:
        return 'not an ONNX file'
    return f'its graph cannot be loaded: {said}'


def _require_weights(content: bytes) -> None:
    """Refuse a graph with external data: ONNX Runtime would look in the current directory."""
    if b'location' not in content:  # the key of every reference to external data
        return
    import onnx  # a node that drives should not pay for the import

    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except Exception:  # protobuf's exceptions share no public base class
        return  # ONNX Runtime will refuse it
    outside = list(_external(model))
    if outside:
        names = ', '.join(tensor.name or 'a constant' for tensor in outside[:3])
        more = f' and {len(outside) - 3} more' if len(outside) > 3 else ''
        files = sorted({e.value for t in outside for e in t.external_data if e.key == 'location'})
        raise StepGraphError(
            f'its weights {names}{more} are in another file, {", ".join(files) or "unnamed"}: '
            'expected one file with all weights; Bundle.write embeds them if it is given the path '
            'of the graph'
        )


def _external(message: Any) -> Iterator[Any]:
    """Tensors, however deep, whose values are in another file."""
    import onnx

    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL or message.external_data:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in [value] if hasattr(value, 'ListFields') else value:
                yield from _external(each)


def load(path: Path) -> bytes:
    """The graph in a file, with the weights that are in other files beside it.

    Raises:
        StepGraphError: a file cannot be read, or is not ONNX.
    """
    import onnx

    try:
        return onnx.load(path).SerializeToString()
    except Exception as error:  # those of protobuf and onnx share no base class
        raise StepGraphError(f'{path}: cannot be loaded with its weights: {error}') from error


def without_metadata(content: bytes, prefix: str) -> bytes:
    """The same graph without the metadata whose keys start with a prefix."""
    if prefix.encode() not in content:
        return content
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's exceptions share no public base class
        raise StepGraphError(f'not an ONNX file: {error}') from error
    rest = [(entry.key, entry.value) for entry in model.metadata_props]
    del model.metadata_props[:]
    for key, value in rest:
        if not key.startswith(prefix):
            model.metadata_props.add(key=key, value=value)
    return model.SerializeToString()


def check(session: onnxruntime.InferenceSession, widths: dict[str, int] | None = None) -> None:
    """Check names, shapes and types.

    Args:
        session: the graph.
        widths: number of values of each input and output but the states; None if not known.

    Raises:
        StepGraphError: a rule is broken.
    """
    for kind, nodes, names in (
        ('input', session.get_inputs(), INPUTS),
        ('output', session.get_outputs(), OUTPUTS),
    ):
        found = tuple(node.name for node in nodes)
        if found != names:
            raise StepGraphError(
                f'{_why_other_names(kind, found, names)}{kind}s {found}, expected {names}'
            )
    state = session.get_inputs()[2].shape
    width = state[1] if len(state) == 2 else None
    expected = {'state': width, 'next_state': width, 'elapsed': 1, **(widths or {})}
    if width == 0:
        raise StepGraphError('input state has no values: expected (B, s) with s of 1 or more')
    for kind, nodes in (('input', session.get_inputs()), ('output', session.get_outputs())):
        for node in nodes:
            _check_node(f'{kind} {node.name}', node, expected.get(node.name, '…'))


def _check_node(what: str, node: Any, expected: Any) -> None:
    rows, width = node.shape if len(node.shape) == 2 else (0, None)
    wrong = not isinstance(width, int) or (isinstance(expected, int) and width != expected)
    if wrong:
        raise StepGraphError(f'{what} has shape {node.shape}, expected (B, {expected}), any B')
    if isinstance(rows, int):
        raise StepGraphError(
            f'{what} has shape {node.shape}, a fixed batch of {rows}: expected '
            f'(B, {expected}) with any B'
        )
    if node.type != 'tensor(float)':
        raise StepGraphError(f'{what} is {node.type}, expected float32')


def _why_other_names(kind: str, found: tuple[str, ...], names: tuple[str, ...]) -> str:
    if sorted(found) == sorted(names):
        return f'{kind}s in another order: '
    missing = [name for name in names if name not in found]
    return f'no {kind} {" or ".join(missing)}: ' if missing else ''


def check_runs(session: onnxruntime.InferenceSession) -> None:
    """Step once with one row and once with two.

    Raises:
        StepGraphError: a step fails or returns another shape than it says.
    """
    for rows in (1, 2):
        feed = {
            node.name: np.ones((rows, node.shape[1]), dtype=np.float32)
            for node in session.get_inputs()
        }
        try:
            found = session.run(OUTPUTS, feed)
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise StepGraphError(
                f'its graph does not run with a batch of {rows}: {error}'
            ) from error
        for node, values in zip(session.get_outputs(), found, strict=True):
            if values.shape != (rows, node.shape[1]):
                raise StepGraphError(
                    f'output {node.name} has shape {values.shape} for a batch of {rows}, expected '
                    f'{(rows, node.shape[1])}'
                )
