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
    if left:
        raise ValueError(f'{next(iter(left))}: a plain LTC has no such parameter')
    for _, name, value in loaded:
        if name in _POSITIVE and not implicit and not (value >= 0).all():
            raise ValueError(f'{name}: expected values of at least 0, found {float(value.min()):g}')
    with torch.no_grad():
        for parameter, name, value in loaded:
            given = name in _POSITIVE and not implicit
            parameter.copy_(inverse_softplus(value) if given else value)


def _take(weights: dict[str, torch.Tensor], name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name not in weights:
        raise ValueError(f'{name}: expected {shape}, found none')
    value = weights.pop(name).detach().cpu()
    if value.shape != shape:
        raise ValueError(f'{name}: expected {shape}, found {tuple(value.shape)}')
    return value
