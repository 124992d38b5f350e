"""Export of a torch model to a bundle, checked against the model before anything is written."""

import dataclasses
import io
import logging
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript import optimizer

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.step_graph import INPUTS, OUTPUTS, open_session
from liquid_control.models import parameters
from liquid_control.provenance import provenance

_OPSET = 18
_TOLERANCE = 1e-5
_LARGEST = 2**24


class ExportError(RuntimeError):
    """The exported graph does not compute the same as the model."""


def step_graph(model: torch.nn.Module, contract: Contract, state_size: int) -> bytes:
    """The ONNX graph of one step of ``model(observation, elapsed, state)``, for any batch.

    Raises:
        ExportError: graph and model differ by more than 1e-5 on random inputs and Δt.
    """
    model = model.eval()
    example = _inputs(2, contract, state_size, np.random.default_rng(0))
    batch = torch.export.Dim('batch', min=1)
    file = io.BytesIO()
    # Otherwise it warns about every operator of torchvision, which is not needed.
    logging.getLogger('torch.onnx._internal.exporter._registration').setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        program: Any = torch.onnx.export(
            model,
            example,
            dynamo=True,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            opset_version=_OPSET,
            dynamic_shapes=[{0: batch}] * 3,
            verbose=False,
        )
    # Fold everything that depends only on weights; by default only small results are folded.
    optimizer.optimize(program.model, input_size_limit=_LARGEST, output_size_limit=_LARGEST)
    program.save(file, include_initializers=True)
    graph = without_traces(file.getvalue())
    _check(model, graph, contract, state_size)
    return graph


def without_traces(content: bytes) -> bytes:
    """The same model without the exporter's notes on where each operation came from.

    These notes contain paths of the exporting machine, and make up most of a small file.
    """
    model = onnx.load_model_from_string(content)
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info,
                 *graph.initializer):  # fmt: skip
        del part.metadata_props[:]
        part.doc_string = ''
    return model.SerializeToString()


def _inputs(batch: int, contract: Contract, state_size: int, rng) -> tuple[torch.Tensor, ...]:
    shapes = (contract.observation_size, 1, state_size)
    observation, elapsed, state = (rng.standard_normal((batch, n)) for n in shapes)
    arrays = (observation, np.abs(elapsed) * 3.0, np.tanh(state))
    return tuple(torch.as_tensor(a, dtype=torch.float32) for a in arrays)


def _check(model: torch.nn.Module, graph: bytes, contract: Contract, state_size: int) -> None:
    session = open_session(graph)
    rng = np.random.default_rng(1)
    for batch in (1, 2, 5):
        inputs = _inputs(batch, contract, state_size, rng)
        with torch.no_grad():
            expected = model(*inputs)
        feed = {name: x.numpy() for name, x in zip(INPUTS, inputs, strict=True)}
        for name, want, got in zip(OUTPUTS, expected, session.run(OUTPUTS, feed), strict=True):
            error = float(np.abs(want.numpy() - got).max())
            if not error <= _TOLERANCE:
                raise ExportError(
                    f'{name}, batch {batch}: the exported graph is off by {error:.2g}, '
                    f'expected at most {_TOLERANCE:g}'
                )


def export_bundle(
    path: Path,
    model: torch.nn.Module,
    *,
    cell: str,
    settings: dict[str, Any],
    contract: Contract,
    state_size: int,
    trained_elapsed: tuple[float, float] | None = None,
    judge: Callable[[Bundle], dict[str, Any]] = lambda draft: {},
    **about: Any,
) -> Bundle:
    """Write a model as a bundle.

    ``judge`` receives the bundle, written to a temporary folder, and returns its scores; ``about``
    is added to the provenance (seed, hashes). The scores are under uneven periods too, so that
    a warning about elapsed times unlike those of the training would tell nothing.
    """
    graph = step_graph(model, contract, state_size)
    bundle = Bundle(
        cell=cell,
        settings=settings,
        contract=contract,
        provenance=provenance(**about),
        scores={},
        counts={'parameters': parameters(model), 'state_size': state_size},
        trained_elapsed=trained_elapsed,
    )
    with tempfile.TemporaryDirectory() as folder:
        draft = bundle.write(Path(folder) / path.name, graph)
        scores = judge(dataclasses.replace(draft, trained_elapsed=None))
    path.parent.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(bundle, scores=scores).write(path, graph)
