"""Bundles: one ``.onnx`` file with a policy's step graph, contract, normaliser and provenance.

The graph is one step, see :mod:`step_graph`, with n and m from the contract, p its number of
sensed values, and normalisation and all weights inside the graph.
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

from liquid_control.control import step_graph
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.step_graph import StepGraphError
from liquid_control.files import from_json, write_whole

FORMAT = '1'
PREFIX = 'liquid_control.'
PREDICTOR = 'predictor'
"""The ``network`` of a bundle that predicts and has no action of its own."""
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

    def require_driver(self, robot: Contract) -> None:
        """Refuse a bundle that must not drive a robot.

        Raises:
            ContractError: it does not fit the robot, or has no action of its own.
        """
        name = str(self.path or self.cell)
        if not self.drives:
            raise ContractError(
                f'{name} is a predictor: it has no action of its own and must not drive; '
                'liquid-control replay and the monitor use it'
            )
        self.contract.require_fit(robot, name)

    def write(self, path: str | Path, graph: bytes | Path) -> 'Bundle':
        """Write a bundle with this description around an ONNX graph.

        Everything is checked first, and the file is written whole or not at all: if the graph is
        refused or the disk is full, the previous file stays.

        Args:
            path: file to write.
            graph: a serialised graph that holds all of its weights, or the path of a graph, whose
                weights in other files beside it are then embedded. If it is a bundle, what that
                bundle says is replaced.

        Raises:
            BundleError: the graph is not one step of this contract, or does not run.
        """
        path = Path(path)
        try:
            content = step_graph.load(graph) if isinstance(graph, Path) else graph
            step_graph.refuse_other_kinds(content)
            content = step_graph.without_metadata(content, PREFIX)
        except StepGraphError as error:
            raise BundleError(f'{path} is not written: {error}') from error
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
        for key, value in values.items():
            text = json.dumps(value) if key in _JSON_KEYS else value
            content += _metadata_entry(PREFIX + key, text)
        content += _metadata_entry(_CHECKSUM_KEY, hashlib.sha256(content).hexdigest())
        bundle = Bundle.parse(content, path, try_out=True)
        write_whole(path, content)
        return bundle

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
        return cls.parse(content, path)

    @classmethod
    def parse(cls, content: bytes, path: Path, try_out: bool = False) -> 'Bundle':
        """Check the content of a file ``path``; if ``try_out``, also step its graph."""
        body, tail = content[:-_CHECKSUM_SIZE], content[-_CHECKSUM_SIZE:]
        sealed = tail == _metadata_entry(_CHECKSUM_KEY, hashlib.sha256(body).hexdigest())
        marks = ((PREFIX + key).encode() for key in ('format', 'sha256'))
        if not sealed and any(mark in content for mark in marks):  # keep it from the parser
            raise BundleError(
                f'{path}: damaged or rewritten ({len(content)} bytes): its content does not match '
                'the SHA-256 at its end; get a fresh copy'
            )
        try:
            session = step_graph.open_session(content)
            metadata = session.get_modelmeta().custom_metadata_map
            if PREFIX + 'format' not in metadata:
                raise BundleError(_no_bundle(path, metadata, session))
            bundle = cls._from_metadata(
                metadata, path, hashlib.sha256(content).hexdigest(), content
            )
            contract = bundle.contract
            widths = {
                'observation': contract.observation_size,
                'action': contract.action_size,
                'prediction': contract.sensed_size,
            }
            step_graph.check(session, widths)
            if try_out:
                step_graph.check_runs(session)
        except StepGraphError as error:
            raise BundleError(f'{path}: {error} ({len(content)} bytes)') from error
        return bundle

    @classmethod
    def _from_metadata(cls, metadata: dict, path: Path, sha256: str, content: bytes) -> 'Bundle':
        values: dict[str, Any] = {}
        for key in ('format', 'cell', 'period', 'contract_hash', *_JSON_KEYS):
            if PREFIX + key not in metadata:
                raise BundleError(f'{path}: metadata {PREFIX}{key} is missing')
            text = metadata[PREFIX + key]
            try:
                values[key] = from_json(text) if key in _JSON_KEYS else text
            except ValueError as error:
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
        low, high = map(float, from_json(text))
        if 0.0 < low <= high < math.inf:
            return low, high
    except (TypeError, ValueError):
        pass
    raise BundleError(
        f'{path}: metadata {PREFIX}{_ELAPSED_KEY}: expected [low, high] with 0 < low <= high, '
        f'found {text}'
    )


def _no_bundle(path: Path, metadata: dict, session: Any) -> str:
    """What to say of an ONNX file that is no bundle, and, if it is no step either, why not."""
    said = (
        f'{path}: an ONNX file, but not a bundle: it has no metadata {PREFIX}format '
        f'(found: {", ".join(metadata) or "none"})'
    )
    try:
        step_graph.check(session)
    except StepGraphError as error:
        return f'{said}, and is not one step of a policy: {error}'
    return f'{said}; liquid-control train writes bundles'
