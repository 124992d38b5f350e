"""Weights of an ncps model, loaded into our cell that computes the same function."""

from collections.abc import Mapping

import torch

from liquid_control.cells.synapses import inverse_softplus

_SYNAPSES = {'weight': 'w', 'sigma': 'sigma', 'mu': 'mu', 'reversal': 'erev'}
_UNITS = {'capacity': 'cm', 'leak': 'gleak', 'rest': 'vleak'}
_MAPS = ('input_w', 'input_b', 'output_w', 'output_b')
_POSITIVE = ('w', 'sensory_w', 'cm', 'gleak')


def load_ltc(cell, weights: Mapping[str, torch.Tensor], implicit: bool) -> None:
    """Load an ``ncps.torch.LTC`` or ``LTCCell`` of the same wiring into our LTC.

    Args:
        cell: our LTC.
        weights: the ``state_dict()`` of the ncps model.
        implicit: its ``implicit_param_constraints``: whether its positive parameters already are
            arguments of softplus (the default of ``LTC``) or the values themselves (the default
            of ``LTCCell``).

    Raises:
        ValueError: a parameter is missing, unknown, negative or of the wrong shape, or the wiring
            differs.
    """
    left = {name.removeprefix('rnn_cell.'): value for name, value in weights.items()}
    loaded = []
    for prefix, synapses in (('sensory_', cell.sensory), ('', cell.inner)):
        at = (synapses.source.cpu(), synapses.target.cpu())
        expected = torch.zeros(synapses.sources, synapses.targets)
        expected[at] = 1.0
        mask = _take(left, f'{prefix}sparsity_mask', tuple(expected.shape))
        if not torch.equal(mask.float(), expected):
            raise ValueError(f'{prefix}sparsity_mask: the wiring differs')
        for ours, name in _SYNAPSES.items():
            value = _take(left, prefix + name, tuple(expected.shape))[at]
            loaded.append((getattr(synapses, ours), prefix + name, value))
    for ours, name in (_UNITS | dict(zip(_MAPS, _MAPS, strict=True))).items():
        parameter = getattr(cell, ours)
        loaded.append((parameter, name, _take(left, name, tuple(parameter.shape))))
    _nothing_left(left, 'LTC')
    for _, name, value in loaded:
        if name in _POSITIVE and not implicit and not (value >= 0).all():
            raise ValueError(f'{name}: expected values of at least 0, found {float(value.min()):g}')
    with torch.no_grad():
        for parameter, name, value in loaded:
            given = name in _POSITIVE and not implicit
            parameter.copy_(inverse_softplus(value) if given else value)


def load_cfc(cell, weights: Mapping[str, torch.Tensor]) -> None:
    """Load an ``ncps.torch.CfCCell``, or a ``CfC`` around one, of the same sizes into our CfC.

    Raises:
        ValueError: a parameter is missing, unknown or of the wrong shape.
    """
    left = {name.removeprefix('rnn_cell.'): value for name, value in weights.items()}
    loaded = _cfc(cell, left)
    _nothing_left(left, 'CfC')
    _copy(loaded)


def load_cfc_mixed(cell, weights: Mapping[str, torch.Tensor]) -> None:
    """Load an ``ncps.torch.CfC`` with mixed memory of the same sizes into our CfC mixed.

    Raises:
        ValueError: a parameter is missing, unknown or of the wrong shape.
    """
    left = {name.removeprefix('rnn_cell.'): value for name, value in weights.items()}
    loaded = _lstm(cell.lstm, left) + _cfc(cell.cfc, left)
    _nothing_left(left, 'CfC with mixed memory')
    _copy(loaded)


def _cfc(cell, left: dict[str, torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Parameters of our CfC and their values, taken out of ``left``."""
    # Activations and dropout sit between the layers and are numbered too.
    numbers = sorted({int(name.split('.')[1]) for name in left if name.startswith('backbone.')})
    if len(numbers) != len(cell.backbone):
        raise ValueError(f'backbone: expected {len(cell.backbone)} layers, found {len(numbers)}')
    loaded = []
    for layer, number in zip(cell.backbone, numbers, strict=True):
        for part in ('weight', 'bias'):
            parameter = getattr(layer, part)
            value = _take(left, f'backbone.{number}.{part}', tuple(parameter.shape))
            loaded.append((parameter, value))
    heads, bias = _heads(left, cell.gates, cell.heads.weight.shape[1])
    loaded += [(cell.heads.weight, heads.flatten(0, 1)), (cell.heads.bias, bias)]
    return loaded + _amplitudes(left, cell.gates)


def _lstm(cell, left: dict[str, torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Parameters of our LSTM and the values of ncps's, ``lstm.*``, taken out of ``left``."""
    size, inputs = cell.output_size, cell.input_size
    rows = torch.cat(
        [
            _take(left, 'lstm.input_map.weight', (4 * size, inputs)),
            _take(left, 'lstm.recurrent_map.weight', (4 * size, size)),
        ],
        dim=1,
    ).split(size)
    g, i, f, o = _take(left, 'lstm.input_map.bias', (4 * size,)).split(size)
    kernel = torch.cat([rows[number] for number in (1, 2, 3, 0)])
    bias = torch.cat([i, f + 1.0, o, g])
    return [(cell.gates.weight, kernel), (cell.gates.bias, bias)]


def load_wired_cfc(cell, weights: Mapping[str, torch.Tensor]) -> None:
    """Load an ``ncps.torch.WiredCfCCell``, or a ``CfC`` around one, into our CfC on a wiring.

    A layer of ncps sees the layer before it and, all to all, itself. Weights of synapses that do
    not exist here are ignored.

    Raises:
        ValueError: a parameter is missing, unknown or of the wrong shape, or the wiring differs.
    """
    left = {name.removeprefix('rnn_cell.'): value for name, value in weights.items()}
    loaded = []
    for number, (layer, units) in enumerate(zip(cell.layers, cell.sizes, strict=True)):
        before = cell.sizes[number - 1] if number else cell.input_size
        columns = {number: range(before), number + 1: range(before, before + units)}
        if not set(layer.sources) <= columns.keys():
            raise ValueError(f'layer_{number}: the wiring differs: ncps feeds it from one layer')
        mine = {
            name.removeprefix(f'layer_{number}.'): left.pop(name)
            for name in list(left) if name.startswith(f'layer_{number}.')
        }  # fmt: skip
        mask = _take(mine, 'sparsity_mask', (units, before + units)) != 0
        heads, bias = _heads(mine, layer.gates, before + units)
        seen = [column for source in layer.sources for column in columns[source]]
        exists = layer.index.cpu() < layer.values.shape[1]
        ours = torch.zeros_like(mask)
        ours[:, seen] = exists
        if not torch.equal(ours[:, :before], mask[:, :before]):
            raise ValueError(f'layer_{number}.sparsity_mask: the wiring differs')
        loaded += [(layer.values, heads[:, :, seen][:, exists]), (layer.bias, bias)]
        loaded += _amplitudes(mine, layer.gates)
        _nothing_left(mine, 'wired CfC')
    _nothing_left(left, 'wired CfC')
    _copy(loaded)


def _heads(weights, gates, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (heads, units, columns) and biases, concatenated, of the gates."""
    kernels = [_take(weights, f'{name}.weight', (gates.size, columns)) for name in gates.names]
    biases = [_take(weights, f'{name}.bias', (gates.size,)) for name in gates.names]
    return torch.stack(kernels), torch.cat(biases)


def _amplitudes(weights, gates) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The parameters that only the pure form has."""
    if gates.mode != 'pure':
        return []
    return [(gates.amplitude, _take(weights, 'A', (1, gates.size))),
            (gates.rate, _take(weights, 'w_tau', (1, gates.size)))]  # fmt: skip


def _nothing_left(weights: Mapping[str, torch.Tensor], what: str) -> None:
    if weights:
        raise ValueError(f'{next(iter(weights))}: a plain {what} has no such parameter')


def _copy(loaded: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.no_grad():
        for parameter, value in loaded:
            parameter.copy_(value)


def _take(weights: dict[str, torch.Tensor], name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name not in weights:
        raise ValueError(f'{name}: expected {shape}, found none')
    value = weights.pop(name).detach().cpu()
    if value.shape != shape:
        raise ValueError(f'{name}: expected {shape}, found {tuple(value.shape)}')
    return value
