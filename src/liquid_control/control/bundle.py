"""Bundles: one ``.onnx`` file with a policy's step graph, contract, normaliser and provenance.

The graph is one step for a batch of B:
``observation (B, n)``, ``elapsed (B, 1)``, ``state (B, s)`` →
``action (B, m)``, ``prediction (B, p)``, ``next_state (B, s)``,
with n and m from the contract, p its number of sensed values, and normalisation inside the graph.
A bundle that only predicts says ``network: predictor`` in its settings; its action is the safe
one. Everything else is in the file's ONNX metadata, readable by any ONNX tool. The last metadata
entry is the SHA-256 of all bytes before it, so that a damaged file is refused.
"""

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnxruntime

from liquid_control.control.contract import Contract, ContractError
from liquid_control.files import write_whole

FORMAT = '1'
PREFIX = 'liquid_control.'
PREDICTOR = 'predictor'
"""The ``network`` of a bundle that predicts and has no action of its own."""
INPUTS = ('observation', 'elapsed', 'state')
OUTPUTS = ('action', 'prediction', 'next_state')
_JSON_KEYS = ('settings', 'contract', 'provenance', 'scores', 'counts')
_ELAPSED_KEY = 'trained_elapsed'  # optional: a graph made elsewhere may not say


class BundleError(ValueError):
    """A file is not a bundle, is damaged, or lacks something that a bundle must have."""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _metadata_entry(key: str, value: str) -> bytes:
    """One ``metadata_props`` entry (field 14) of a serialised ONNX ModelProto.

    Protocol buffers may be extended by appending fields, so no ONNX package is needed.
    """
    parts = b''
    for tag, text in ((0x0A, key.encode()), (0x12, value.encode())):
        parts += bytes([tag]) + _varint(len(text)) + text
    return b'\x72' + _varint(len(parts)) + parts


_CHECKSUM_KEY = PREFIX + 'sha256'
_CHECKSUM_SIZE = len(_metadata_entry(_CHECKSUM_KEY, '0' * 64))


@dataclass(frozen=True)
class Bundle:
    """Everything that a bundle's file says besides its graph.

    Attributes:
        cell: name of the recurrent cell.
        settings: what the cell and the model were built with.
        contract: what the policy asks of a robot.
        provenance: command, seed, data hash, versions, date.
        scores: what the policy achieved, and how that was measured.
        counts: parameters, state size.
        trained_elapsed: smallest and largest mean of the elapsed times of 50 steps in a row that
            the policy was trained on, in nominal periods; None if not known.
        path: the file it was read from, if any.
        sha256: SHA-256 of the whole file.
    """

    cell: str
    settings: dict
    contract: Contract
    provenance: dict
    scores: dict
    counts: dict
    trained_elapsed: tuple[float, float] | None = None
    path: Path | None = None
    sha256: str = ''
    graph: bytes = field(default=b'', repr=False, compare=False)

    @property
    def drives(self) -> bool:
        """Whether it has an action of its own; a predictor has none."""
        return self.settings.get('network') != PREDICTOR

    def write(self, path: str | Path, graph: bytes) -> 'Bundle':
        """Write a bundle with this description around a serialised ONNX graph.

        The file is written whole or not at all: if the disk is full, the previous file stays.
        """
        values: dict[str, Any] = {
            'format': FORMAT,
            'cell': self.cell,
            'period': repr(1.0 / self.contract.rate),
            'contract_hash': self.contract.hash,
            'settings': self.settings,
            'contract': self.contract.to_dict(),
            'provenance': self.provenance,
            'scores': self.scores,
            'counts': self.counts,
        }
        if self.trained_elapsed is not None:
            values[_ELAPSED_KEY] = json.dumps(self.trained_elapsed)
        content = graph
        for key, value in values.items():
            text = json.dumps(value) if key in _JSON_KEYS else value
            content += _metadata_entry(PREFIX + key, text)
        content += _metadata_entry(_CHECKSUM_KEY, hashlib.sha256(content).hexdigest())
        write_whole(path, content)
        return Bundle.read(path)

    @classmethod
    def read(cls, path: str | Path) -> 'Bundle':
        """Read and check a bundle.

        Raises:
            BundleError: the file cannot be read, is not ONNX, is not a bundle, is damaged or is
                incomplete.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BundleError(f'{path}: cannot be read: {error.strerror}') from error
        body, tail = content[:-_CHECKSUM_SIZE], content[-_CHECKSUM_SIZE:]
        digest = hashlib.sha256(body).hexdigest()
        sealed = tail == _metadata_entry(_CHECKSUM_KEY, digest)
        marks = ((PREFIX + key).encode() for key in ('format', 'sha256'))
        if not sealed and any(mark in content for mark in marks):  # keep it from the parser
            raise BundleError(
                f'{path}: damaged or rewritten ({len(content)} bytes): its content does not match '
                'the SHA-256 at its end; get a fresh copy'
            )
        try:
            session = open_session(content)
        except Exception as error:  # onnxruntime's exceptions share no base class
            what = 'its graph cannot be loaded' if sealed else 'not an ONNX file'
            raise BundleError(f'{path}: {what} ({len(content)} bytes): {error}') from error
        metadata = session.get_modelmeta().custom_metadata_map
        if PREFIX + 'format' not in metadata:
            raise BundleError(
                f'{path}: an ONNX file, but not a bundle: it has no metadata {PREFIX}format '
                f'(found: {", ".join(metadata) or "none"}); liquid-control train writes bundles'
            )
        bundle = cls._from_metadata(metadata, path, hashlib.sha256(content).hexdigest(), content)
        _check_graph(bundle, session)
        return bundle

    @classmethod
    def _from_metadata(cls, metadata: dict, path: Path, sha256: str, content: bytes) -> 'Bundle':
        values: dict[str, Any] = {}
        for key in ('format', 'cell', 'period', 'contract_hash', *_JSON_KEYS):
            if PREFIX + key not in metadata:
                raise BundleError(f'{path}: metadata {PREFIX}{key} is missing')
            text = metadata[PREFIX + key]
            try:
                values[key] = json.loads(text) if key in _JSON_KEYS else text
            except json.JSONDecodeError as error:
                raise BundleError(f'{path}: metadata {PREFIX}{key}: not JSON: {error}') from error
            if key in _JSON_KEYS and not isinstance(values[key], dict):
                found = type(values[key]).__name__
                raise BundleError(
                    f'{path}: metadata {PREFIX}{key}: expected a map, found a {found}'
                )
        elapsed = _elapsed_range(metadata.get(PREFIX + _ELAPSED_KEY), path)
        if values['format'] != FORMAT:
            raise BundleError(f'{path}: format {values["format"]}, expected {FORMAT}')
        try:
            contract = Contract.from_dict(values['contract'], str(path))
        except ContractError as error:
            raise BundleError(f'{path}: its contract: {error}') from error
        if values['period'] != repr(1.0 / contract.rate):
            raise BundleError(
                f'{path}: period {values["period"]} s: expected that of its contract, whose rate '
                f'is {contract.rate:g} Hz'
            )
        if contract.hash != values['contract_hash']:
            raise BundleError(
                f'{path}: its contract has hash {contract.hash[:12]}, but its metadata says '
                f'{values["contract_hash"][:12]}'
            )
        return cls(
            cell=values['cell'],
            settings=values['settings'],
            contract=contract,
            provenance=values['provenance'],
            scores=values['scores'],
            counts=values['counts'],
            trained_elapsed=elapsed,
            path=path,
            sha256=sha256,
            graph=content,
        )


def _elapsed_range(text: str | None, path: Path) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = map(float, json.loads(text))
        if 0.0 < low <= high < math.inf:
            return low, high
    except (TypeError, ValueError):
        pass
    raise BundleError(
        f'{path}: metadata {PREFIX}{_ELAPSED_KEY}: expected [low, high] with 0 < low <= high, '
        f'found {text}'
    )


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """Open a single-threaded ONNX Runtime session that uses little memory."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])


def _check_graph(bundle: Bundle, session: onnxruntime.InferenceSession) -> None:
    contract = bundle.contract
    state = next((n.shape[1] for n in session.get_inputs()[2:] if len(n.shape) == 2), None)
    expected = {
        'observation': contract.observation_size,
        'elapsed': 1,
        'state': state,
        'action': contract.action_size,
        'prediction': contract.sensed_size,
        'next_state': state,
    }
    for kind, nodes, names in (
        ('input', session.get_inputs(), INPUTS),
        ('output', session.get_outputs(), OUTPUTS),
    ):
        found = tuple(node.name for node in nodes)
        if found != names:
            raise BundleError(f'{bundle.path}: {kind}s {found}, expected {names}')
        for node in nodes:
            rows, width = node.shape if len(node.shape) == 2 else (0, None)
            wrong = width != expected[node.name] or not isinstance(width, int)
            if wrong or isinstance(rows, int):
                raise BundleError(
                    f'{bundle.path}: {kind} {node.name} has shape {node.shape}, '
                    f'expected (B, {expected[node.name]}) from its contract, with any B'
                )
            if node.type != 'tensor(float)':
                raise BundleError(
                    f'{bundle.path}: {kind} {node.name} is {node.type}, expected float32'
                )
