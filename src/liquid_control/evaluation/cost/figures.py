"""The figures of a policy's cost."""

import contextlib

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.cost.energy import energy_nj, neuromorphic_nj
from liquid_control.evaluation.cost.graph import count_operations
from liquid_control.evaluation.cost.operations import Operations
from liquid_control.evaluation.cost.rapl import Rapl, RaplError
from liquid_control.evaluation.cost.resident import resident_bytes


def policy_figures(bundle: Bundle) -> dict[str, float]:
    """What a policy costs.

    Args:
        bundle: the policy.

    Returns:
        What :func:`step_figures` returns, and

        - ``resident_bytes``: memory of policy and runtime, see :func:`resident_bytes`;
        - ``measured_nj``: energy of a step, only where the machine has readable RAPL counters.

    Raises:
        RuntimeError: its memory cannot be measured.
    """
    figures = step_figures(bundle) | {'resident_bytes': resident_bytes(bundle.graph)}
    with contextlib.suppress(RaplError):
        figures['measured_nj'] = _measured(bundle, Rapl.found())
    return figures


def step_figures(bundle: Bundle, operations: Operations | None = None) -> dict[str, float]:
    """What can be told of a policy's cost without running it.

    Args:
        bundle: the policy.
        operations: those of a step, if they have been counted.

    Returns:
        - ``parameters``: numbers in its network;
        - ``state_bytes``, ``bundle_bytes``: its recurrent state, and its file;
        - ``multiply_adds``, ``transcendentals``: operations of a step, see :class:`Operations`;
        - ``energy_nj``, ``neuromorphic_nj``: estimated energy of a step, see
            :mod:`~liquid_control.evaluation.cost.energy`.

        Operations and energy are left out if the graph has nodes that are not counted.
    """
    runner = PolicyRunner(bundle)
    state = runner.state.size
    found = count_operations(bundle.graph) if operations is None else operations
    parameters = bundle.counts.get('parameters', found.weights)
    figures = {
        'parameters': float(parameters),
        'state_bytes': float(runner.state.nbytes),
        'bundle_bytes': float(len(bundle.graph)),
    }
    if not found.unknown:
        figures |= {
            'multiply_adds': float(found.multiply_adds),
            'transcendentals': float(found.transcendentals),
            'energy_nj': energy_nj(found, parameters),
            'neuromorphic_nj': neuromorphic_nj(found, state),
        }
    return figures


def _measured(bundle: Bundle, rapl: Rapl) -> float:
    runner = PolicyRunner(bundle)
    observation = np.zeros(runner.contract.sensed_size, dtype=np.float32)
    return rapl.step_nj(lambda: runner.step(observation, 1.0))
