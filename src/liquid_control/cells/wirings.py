"""Wirings from ncps: which inputs and units are connected to which units, and their polarity.

NCP (Lechner et al. 2020): sensory → inter → command (recurrent) → motor, sparse.
"""

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ncps import wirings

from liquid_control.control.schema import unknown

KINDS = ('auto', 'full', 'random')


@dataclass(frozen=True)
class Wiring:
    """Synapses of one cell.

    Attributes:
        sensory: polarity −1, 0 or +1 from input i to unit u, (I, U).
        inner: polarity from unit u to unit v, (U, U).
        layers: units of each layer, in the order in which a signal passes through them.
        motors: number of output units, which come first.
    """

    sensory: np.ndarray
    inner: np.ndarray
    layers: tuple[tuple[int, ...], ...]
    motors: int

    @property
    def synapses(self) -> int:
        """Number of existing synapses, from inputs and units."""
        return int(np.count_nonzero(self.sensory) + np.count_nonzero(self.inner))


def build(
    wiring: str | Mapping[str, Any] | wirings.Wiring,
    input_size: int,
    units: int,
    motors: int | None = None,
    sparsity: float = 0.5,
    seed: int = 22222,
) -> Wiring:
    """Build a wiring by kind, from the layers of an NCP, or from an ncps wiring.

    Args:
        wiring: ``auto`` (AutoNCP), ``random`` or ``full``; the arguments of ``ncps.wirings.NCP``
            as a mapping; or an ncps wiring, which is copied.
        input_size: I.
        units: U.
        motors: output units; by default 30 % of the units for ``auto``, else all.
        sparsity: share of synapses left out, for ``auto`` (at least 0.1) and ``random``.
        seed: seed of the synapses of ``auto``, ``random`` and ``full``.

    Raises:
        ValueError: unknown kind or argument, a wiring of another size, or too few units.
    """
    if isinstance(wiring, wirings.Wiring):
        made = copy.deepcopy(wiring)
    elif isinstance(wiring, Mapping):
        made = _layered(wiring)
    else:
        made = _by_kind(wiring, units, motors, sparsity, seed)
    if motors is not None and made.output_dim not in (None, motors):
        raise ValueError(f'motors: the wiring has {made.output_dim}, found {motors}')
    if made.units != units:
        raise ValueError(f'wiring: expected {units} units, found {made.units}')
    if not made.is_built():  # building twice would add synapses
        made.build(input_size)
    elif made.input_dim != input_size:
        raise ValueError(f'wiring: expected {input_size} inputs, found {made.input_dim}')
    layers = (made.get_neurons_of_layer(number) for number in range(made.num_layers))
    return Wiring(
        sensory=np.array(made.sensory_adjacency_matrix),
        inner=np.array(made.adjacency_matrix),
        layers=tuple(tuple(int(unit) for unit in layer) for layer in layers),
        motors=int(made.output_dim or units),
    )


def _layered(arguments: Mapping[str, Any]) -> wirings.Wiring:
    known = list(inspect.signature(wirings.NCP).parameters)
    for name in arguments:
        if name not in known:
            raise ValueError(f'wiring: {unknown("argument", name, known)}')
    missing = [name for name in known if name not in arguments and name != 'seed']
    if missing:
        raise ValueError(f'wiring: an NCP also needs {", ".join(missing)}')
    return wirings.NCP(**arguments)


def _by_kind(
    kind: str, units: int, motors: int | None, sparsity: float, seed: int
) -> wirings.Wiring:
    if kind not in KINDS:
        raise ValueError(f'wiring: {unknown("kind", kind, KINDS)}')
    if not 0.0 <= sparsity < 1.0:
        raise ValueError(f'sparsity: expected a value in [0, 1), found {sparsity}')
    if kind == 'auto':
        motors = max(1, round(0.3 * units)) if motors is None else motors
        if not 0 < motors < units - 2:
            raise ValueError(
                f'wiring auto: expected at least {motors + 3} units for {motors} motors, one '
                f'command and two inter units, found {units}'
            )
        return wirings.AutoNCP(units, motors, max(sparsity, 0.1), seed)
    motors = units if motors is None else motors
    if not 0 < motors <= units:
        raise ValueError(
            f'wiring {kind}: expected 1 to {units} motors, as they are units, found {motors}'
        )
    if kind == 'full':
        return wirings.FullyConnected(units, motors, seed)
    return wirings.Random(units, motors, sparsity, seed)
