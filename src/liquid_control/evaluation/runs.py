"""Run folders: what is in ``run.json``, and what a run's bag says besides observations."""

import contextlib
import shutil
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.bags.bag import Bag, BagError
from liquid_control.bags.names import recorded_name
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import EPISODE, PREDICTION, STATUS
from liquid_control.files import from_json
from liquid_control.provenance import write_json

COLUMNS = (
    'episode', 'seed', 'step', 'reward', 'return', 'terminated', 'truncated', 'command_latency',
    'late',
)  # fmt: skip
"""Columns that each row of ``sim/episode`` must have."""
INCOMPLETE = 3
"""Exit code of a monitor that recorded and measured a run which is not complete."""


def about_run(robot: Contract, bundle: Bundle, name: str = '', **settings: Any) -> dict[str, Any]:
    """Return the content of ``run.json`` at the start of a run.

    Args:
        robot: contract of the robot.
        bundle: the policy.
        name: its name; empty: that of its file.
        settings: ``mode``, ``fault``, ``seed``, ``episodes``, ``elapsed``, ``thin`` and
            ``provenance``; ``observed``: topic in the contract → its name in the bag.
    """
    path = bundle.path or Path(bundle.cell)
    return {
        **settings,
        'policy': name or path.stem,
        'ended': None,
        'contract': robot.to_dict(),
        'contract_hash': robot.hash,
        'bundle': {
            'path': str(path.resolve()),
            'sha256': bundle.sha256,
            'cell': bundle.cell,
            'counts': bundle.counts,
            'contract_hash': bundle.contract.hash,
            'channels': list(bundle.contract.sensed_channels),
            'trained_elapsed': bundle.trained_elapsed,
        },
    }


def read_run(folder: str | Path) -> dict[str, Any]:
    """Read a run folder's ``run.json``.

    Raises:
        BagError: there is no such folder, or no readable run.json in it.
    """
    path = Path(folder) / 'run.json'
    if not path.parent.is_dir():
        raise BagError(f'{path.parent}: no such folder')
    try:
        run = from_json(path.read_text())
    except OSError as error:
        raise BagError(f'{path}: {error.strerror}: is this a run folder?') from error
    except ValueError as error:
        raise BagError(f'{path}: not JSON: {error}') from error
    if not isinstance(run, dict):
        raise BagError(f'{path}: expected a mapping')
    return run


def ended(code: int) -> str:
    """How a process ended, from its exit code: ``was ended by SIGKILL`` or ``ended with 1``."""
    return f'was ended by {signal.Signals(-code).name}' if code < 0 else f'ended with {code}'


def note_end(folder: Path, why: str) -> None:
    """Write into a run folder's ``run.json`` why the run is over; its monitor keeps that.

    Without a ``run.json`` nothing is written.
    """
    with contextlib.suppress(BagError):
        write_json(folder / 'run.json', {**read_run(folder), 'ended': why})


def end_of(folder: Path) -> str:
    """Why a run is over, as far as its ``run.json`` says; empty if it does not."""
    try:
        return str(read_run(folder).get('ended') or '')
    except BagError:
        return ''


def discard_recording(folder: Path) -> None:
    """Remove what was recorded in a run folder, as of a run that did not begin; keep its logs."""
    shutil.rmtree(folder / 'bag', ignore_errors=True)
    for name in ('run.json', 'metrics.json'):
        (folder / name).unlink(missing_ok=True)


def observed_topics(folder: Path) -> str:
    """Return ``topic=recorded …`` for a run folder: under which names its topics were recorded.

    Empty for a recording that is not a run folder.
    """
    if not (folder / 'run.json').exists():
        return ''
    return ' '.join(f'{k}={v}' for k, v in read_run(folder).get('observed', {}).items())


def policy_contract(robot: Contract, channels: Sequence[str]) -> Contract:
    """Return the part of a robot's contract whose sensed values a policy predicts, in its order.

    Raises:
        ContractError: the robot does not offer one of the channels.
    """
    order = {name: index for index, name in enumerate(channels)}
    missing = order.keys() - set(robot.sensed_channels)
    if missing:
        raise ContractError(f'{robot.source}: not offered: {", ".join(sorted(missing))}')
    terms = []
    for term in robot.sensed:
        keep = [i for i, name in enumerate(term.channel_names) if name in order]
        if keep:
            keep.sort(key=lambda i, names=term.channel_names: order[names[i]])
            part = replace(
                term,
                channels=tuple(term.channels[i] for i in keep),
                units=tuple(term.units[i] for i in keep),
                std=None if term.std is None else tuple(term.std[i] for i in keep),
            )
            terms.append((order[part.channel_names[0]], part))
    terms.sort(key=lambda item: item[0])
    return replace(robot, terms=tuple(term for _, term in terms))


def recorded_contract(bag: Bag, run: dict[str, Any]) -> Contract:
    """Return what the recorded policy asks of the robot, from the channels that it predicted.

    Without a recorded prediction, the run's bundle tells; without that, it is everything that the
    robot senses.

    Raises:
        ContractError: the run has no contract, or one that cannot be read.
    """
    robot = Contract.from_dict(run.get('contract'), f'{bag.path}: the contract in run.json')
    topic = recorded_name(PREDICTION, run.get('observed', {}))
    first = next(bag.messages(topic), None)
    channels = run.get('bundle', {}).get('channels', robot.sensed_channels)
    return policy_contract(robot, channels if first is None else first.name)


def trained_elapsed(run: dict[str, Any]) -> tuple[float, float] | None:
    """Return :attr:`Bundle.trained_elapsed` of the policy of a run; None if it does not say."""
    found = run.get('bundle', {}).get('trained_elapsed')
    return None if found is None else tuple(found)


def episode_rows(bag: Bag) -> dict[str, np.ndarray]:
    """Return column → values (T,) of the reported simulation steps, and their ``stamp`` in ns.

    Empty if there are none.

    Raises:
        BagError: a column is missing.
    """
    names: list[str] = []
    rows, stamps = [], []
    for message in bag.messages(EPISODE):
        names = names or list(message.name)
        if list(message.name) == names and len(message.position) == len(names):
            rows.append(np.asarray(message.position, dtype=np.float64))
            stamps.append(stamp_ns(message))
    missing = [name for name in COLUMNS if names and name not in names]
    if missing:
        raise BagError(
            f'{bag.path}: {EPISODE}: no {", ".join(missing)} (found: {", ".join(names)})'
        )
    table = np.array(rows).reshape(len(rows), len(names))
    columns = {name: table[:, index] for index, name in enumerate(names)}
    return {**columns, 'stamp': np.array(stamps, dtype=np.int64)} if rows else {}


def last_statuses(bag: Bag) -> tuple[dict[str, str], dict[str, str]]:
    """Return key → value of the policy node's last status, and of the last while it was active.

    Either is empty if there was none.
    """
    last: dict[str, str] = {}
    active: dict[str, str] = {}
    for message in bag.messages(STATUS):
        last = {pair.key: pair.value for status in message.status for pair in status.values}
        if last.get('active') == 'True':
            active = last
    return last, active
