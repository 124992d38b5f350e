"""Liquid structural state-space cell (Liquid-S4)."""

import math

import torch
from torch.nn.functional import gelu, glu, layer_norm

from liquid_control.cells.base import Cell
from liquid_control.cells.synapses import bounded


class LiquidS4(Cell):
    """Liquid-S4 of Hasani et al. 2023: ẋ = (A + B·u)·x + B·u, y = C·x + D·u, A diagonal.

    Each channel u of each layer drives N complex states, discretised by zero-order hold:
    x_k = (Ā + B̄·u_k)·x_{k−1} + B̄·u_k, Ā = exp(Δ·Δt·A), B̄ = (Ā − 1)/A·B, with one Δ per channel,
    initially .001–.1, and A initially −1/2 + iπn (S4D-Lin). A layer is z ← z + GLU(W·gelu(y)) with
    u = tanh(norm(z)), and z = E·x before the first. The published kernel form is not causal and
    its step form omits the liquid term; this is the recurrence itself, the same over a sequence
    and step by step.

    It cannot diverge: |u| ≤ 1, and |B| ≤ −Re A by parametrisation, B = −Re A·tanh(r)·exp(iθ), so
    that |B̄| ≤ 1 − |Ā| and |Ā + B̄·u| ≤ 1 at any Δt. At Δt = 0 the state does not change.

    The state is (layer, part, N, H) flattened, the parts being real and imaginary.

    Args:
        input_size: I.
        hidden_size: H, the number of channels and the output size.
        layers: number of layers.
        modes: N, complex states per channel.
    """

    def __init__(self, input_size: int, hidden_size: int, layers: int = 2, modes: int = 4):
        super().__init__()
        for name, value in (('layers', layers), ('modes', modes)):
            if value < 1:
                raise ValueError(f'{name}: expected 1 or more, found {value}')
        self.input_size, self.output_size = input_size, hidden_size
        self.state_size = layers * 2 * modes * hidden_size
        self.modes = modes
        self.encoder = torch.nn.Linear(input_size, hidden_size)
        self.layers = torch.nn.ModuleList(Layer(hidden_size, modes) for _ in range(layers))

    def sense(self, x):
        return self.encoder(x)

    def advance(self, sensed, state, elapsed):
        outputs, state = self.unroll(sensed[:, None], elapsed[:, None], state, None)
        return outputs[:, 0], state

    def unroll(self, sensed, elapsed, state, counts):
        z, lasts = sensed, []
        for layer, before in zip(self.layers, state.chunk(len(self.layers), dim=1), strict=True):
            z, last = layer(z, elapsed, before, counts)
            lasts.append(last)
        if counts is not None:
            z = torch.where(counts, z, torch.zeros_like(z))
        return z, torch.cat(lasts, dim=1)

    def synapses(self):
        size, modes = self.output_size, self.modes
        return self.input_size * size + len(self.layers) * (3 * modes * size + size * size)

    def operations(self):
        size, modes = self.output_size, self.modes
        # Per mode: 13 to discretise, 4 to advance, 2 to read out; per channel: 2 to normalise.
        layer = size * size * 2 + size * (19 * modes + 8)
        return self.input_size * size + len(self.layers) * layer


class Layer(torch.nn.Module):
    """One layer: H channels of N modes, and the mixing of channels."""

    def __init__(self, size: int, modes: int):
        super().__init__()
        self.size, self.modes = size, modes
        shape = (modes, size)
        low, high = math.log(0.001), math.log(0.1)
        self.step = torch.nn.Parameter(torch.empty(size).uniform_(low, high))
        self.decay = torch.nn.Parameter(torch.full(shape, math.log(0.5)))
        frequency = math.pi * torch.arange(modes, dtype=torch.float32)[:, None].repeat(1, size)
        self.frequency = torch.nn.Parameter(frequency)
        self.strength = torch.nn.Parameter(torch.ones(shape))
        self.angle = torch.nn.Parameter(torch.zeros(shape))
        self.read = torch.nn.Parameter(torch.randn(2, *shape))
        self.through = torch.nn.Parameter(torch.randn(size))
        self.mix = torch.nn.Linear(size, 2 * size)

    def forward(self, z, elapsed, state, counts):
        """(B, T, H), (B, T, 1), (B, 2·N·H) → (B, T, H) and the last state."""
        u = torch.tanh(layer_norm(z, (self.size,)))
        if counts is not None:
            elapsed = torch.where(counts, elapsed, 0.0)  # freezes the state
        keep, drive = self._discretise(u[:, :, None], elapsed[..., None])
        first = state.unflatten(1, (2, self.modes, self.size)).unbind(1)
        if z.shape[1] == 1:
            real, imaginary = _product(keep, [part[:, None] for part in first])
            real, imaginary = real + drive[0], imaginary + drive[1]
        else:
            states = _Scan.apply(*(torch.complex(*pair) for pair in (keep, drive, first)))
            real, imaginary = torch.view_as_real(states).unbind(-1)
        y = (real * self.read[0] + imaginary * self.read[1]).sum(2) + self.through * u
        last = torch.cat([real[:, -1], imaginary[:, -1]], dim=1).flatten(1)
        return z + glu(self.mix(gelu(y)), dim=-1), last

    def _discretise(self, u, elapsed):
        """Ā + B̄·u and B̄·u, real and imaginary, (B, T, N, H)."""
        step = torch.exp(self.step) * bounded(elapsed)
        decay = torch.exp(self.decay)
        size = torch.exp(-decay * step)
        angle = self.frequency * step
        keep = size * torch.cos(angle), size * torch.sin(angle)
        # B/A, which depends on neither input nor time.
        scale = -decay * torch.tanh(self.strength) / (decay.square() + self.frequency.square())
        cos, sin = torch.cos(self.angle), torch.sin(self.angle)
        ratio = _product((scale * cos, scale * sin), (decay, self.frequency))
        drive = _product((keep[0] - 1.0, keep[1]), ratio)
        drive = drive[0] * u, drive[1] * u
        return (keep[0] + drive[0], keep[1] + drive[1]), drive


def _product(a, b):
    """Product of complex numbers as (real, imaginary) pairs, since ONNX has no complex numbers."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


class _Scan(torch.autograd.Function):
    """x_k = keep_k·x_{k−1} + drive_k over (B, T, …), with a hand-written gradient.

    Autograd would keep a graph of T steps; the gradient is the same recurrence run backwards.
    """

    @staticmethod
    def forward(ctx, keep, drive, first):
        keep, drive = keep.transpose(0, 1).contiguous(), drive.transpose(0, 1)
        states = torch.empty_like(keep)
        before = first
        for index in range(keep.shape[0]):
            before = torch.addcmul(drive[index], keep[index], before)
            states[index] = before
        ctx.save_for_backward(keep, states, first)
        return states.transpose(0, 1)

    @staticmethod
    def backward(ctx, *gradients):
        keep, states, first = ctx.saved_tensors
        keep, gradient = keep.conj(), gradients[0].transpose(0, 1)
        total = torch.empty_like(states)
        after = gradient[-1]
        total[-1] = after
        for index in range(keep.shape[0] - 2, -1, -1):
            after = torch.addcmul(gradient[index], keep[index + 1], after)
            total[index] = after
        before = torch.cat([first[None], states[:-1]]).conj()
        return (total * before).transpose(0, 1), total.transpose(0, 1), keep[0] * total[0]
