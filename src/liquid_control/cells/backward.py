"""A sequence of CfC steps with a hand-written backward pass.

Autograd would keep about twenty tensors per step and accumulate each weight's gradient step by
step. Here each layer's pre-activations are kept. Their derivatives are computed for many steps at
once, so that the backward recurrence takes about three operations per step and each weight's
gradient is a single matrix product over those steps.
"""

import torch
from torch.autograd.function import once_differentiable

from liquid_control.cells.activations import CENTRED, centred
from liquid_control.cells.activations import activation as by_name
from liquid_control.cells.hardware import at_once, autocast

_AT_ONCE = 2**17
"""Head pre-activations processed at a time in the backward pass on a CPU."""


def fits(tensor: torch.Tensor) -> bool:
    """Whether :func:`unroll` can be used: not under autocast, while compiling or in ONNX export."""
    return not (torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export() or autocast(tensor))


def unroll(activation, gates, masks, sensed, elapsed, state, recurrent, layers):
    """All states (B, T, H) and the last one (B, H).

    z_1 = sensed + h·R; z_l = m·act(z_{l−1})·W_lᵀ + b_l; h' = gates(z_n, Δt), step by step.

    Args:
        activation: name of the activation between layers; None if there is a single layer.
        gates: :class:`cfc.Gates`.
        masks: dropout masks (T, B, K), one per layer before the last, or None.
        sensed: (B, T, K).
        elapsed: (B, T, 1).
        state: (B, H).
        recurrent: R, (H, K).
        layers: (W, b) of each subsequent layer.
    """
    inner, outer = CENTRED.get(activation, (1.0, 1.0))
    quick = centred if activation in CENTRED else activation and by_name(activation)
    into = [inner] * len(layers) + [gates.inner]
    rest = [p for (weight, bias), scale in zip(layers, into[1:], strict=True)
            for p in (weight.t() * (outer * scale), bias * scale)]  # fmt: skip
    states = _Sequence.apply(
        quick, gates, masks, sensed * into[0], elapsed, state / gates.outer,
        recurrent * (gates.outer * into[0]), *rest, *gates.parameters(),
    )  # fmt: skip
    states = states * gates.outer
    return states, states[:, -1]


class _Sequence(torch.autograd.Function):
    """:func:`unroll` on W_lᵀ with scales folded into the weights, see :meth:`cfc.Gates.quick`."""

    @staticmethod
    def forward(ctx, activation, gates, masks, sensed, elapsed, state, recurrent, *rest):
        ctx.activation, ctx.gates = activation, gates
        length, (batch, size) = sensed.shape[1], state.shape
        count = (len(rest) - len(list(gates.parameters()))) // 2
        linears, own = rest[: 2 * count], rest[2 * count :]
        layers = list(zip(linears[::2], linears[1::2], strict=True))
        sums = [sensed.transpose(0, 1).clone(memory_format=torch.contiguous_format)]
        sums += [sensed.new_empty(length, batch, weight.shape[1]) for weight, _ in layers]
        states = sensed.new_empty(length + 1, batch, size)
        states[0] = state
        steps = zip(elapsed.unbind(1), *(z.unbind(0) for z in sums), strict=True)
        for step, (since, z, *further) in enumerate(steps):
            z.addmm_(state, recurrent)
            for number, (into, (weight, bias)) in enumerate(zip(further, layers, strict=True)):
                passed = activation(z)
                if masks is not None:
                    passed = passed * masks[number][step]
                z = torch.addmm(bias, passed, weight, out=into)
            state = gates.quick(z, since, *own)
            states[step + 1] = state
        masks = [] if masks is None else masks
        ctx.save_for_backward(elapsed, recurrent, states, *linears, *sums, *own, *masks)
        ctx.layers, ctx.own = count, len(own)
        return states[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return _Back(ctx, gradient).gradients()


class _Back:
    """The backward pass of a :class:`_Sequence`, from the last steps to the first."""

    def __init__(self, ctx, gradient):
        elapsed, self.recurrent, self.states, *saved = ctx.saved_tensors
        count, rest = ctx.layers, 3 * ctx.layers + 1
        self.activation, self.gates = ctx.activation, ctx.gates
        self.weights, (*self.sums, self.heads) = saved[: 2 * count : 2], saved[2 * count : rest]
        own, self.masks = saved[rest : rest + ctx.own], saved[rest + ctx.own :]
        trained = ctx.needs_input_grad[len(ctx.needs_input_grad) - ctx.own :]
        self.own = [one.detach().requires_grad_(t) for one, t in zip(own, trained, strict=True)]
        self.timed = ctx.needs_input_grad[4]
        self.gradient, self.since = gradient.transpose(0, 1), elapsed.transpose(0, 1)
        self.to_sensed = torch.empty_like(self.sums[0] if count else self.heads)
        self.to_elapsed = torch.zeros_like(self.since) if self.timed else None
        self.to_weights = [torch.zeros_like(weight) for weight in self.weights]
        self.to_biases = [weight.new_zeros(weight.shape[1]) for weight in self.weights]
        self.to_recurrent = torch.zeros_like(self.recurrent)
        self.to_own = [torch.zeros_like(parameter) for parameter in self.own]
        self.to_state = torch.zeros_like(self.states[0])

    def gradients(self):
        """Gradients of the arguments of ``apply``, in order."""
        length = len(self.heads)
        many = max(1, at_once(self.heads, _AT_ONCE) // max(1, self.heads[0].numel()))
        for last in range(length, 0, -many):
            self._part(slice(max(0, last - many), last))
        into = [g for pair in zip(self.to_weights, self.to_biases, strict=True) for g in pair]
        to_elapsed = None if self.to_elapsed is None else self.to_elapsed.transpose(0, 1)
        return (
            None, None, None, self.to_sensed.transpose(0, 1), to_elapsed, self.to_state,
            self.to_recurrent, *into, *self.to_own,
        )  # fmt: skip

    def _part(self, part):
        passed, slopes = self._layers(part)
        with torch.enable_grad():
            heads = self.heads[part].detach().requires_grad_()
            since = self.since[part].detach().requires_grad_(self.timed)
            after = self.gates.quick(heads, since, *self.own)
        trained = [number for number, one in enumerate(self.own) if one.requires_grad]
        others = [since] * self.timed + [self.own[number] for number in trained]
        (slope,) = torch.autograd.grad(
            after, heads, torch.ones_like(after), retain_graph=bool(others)
        )
        totals = torch.empty_like(after)
        flows = [torch.empty_like(z[part]) for z in (*self.sums[1:], self.heads)]
        flows = [self.to_sensed[part], *flows] if self.sums else [self.to_sensed[part]]
        size = after.shape[2]
        slope = slope.view(*after.shape[:2], slope.shape[2] // size, size)
        self._steps(self.gradient[part], slope, slopes, totals, flows)
        for number, (out, flow) in enumerate(zip(passed, flows[1:], strict=True)):
            flow = flow.flatten(0, 1)
            self.to_weights[number].addmm_(out.flatten(0, 1).t(), flow)
            self.to_biases[number] += flow.sum(0)
        before = self.states[:-1][part].flatten(0, 1)
        self.to_recurrent.addmm_(before.t(), flows[0].flatten(0, 1))
        if others:
            gradients = list(torch.autograd.grad(after, others, totals))
            if self.to_elapsed is not None:
                self.to_elapsed[part] = gradients.pop(0)
            for number, one in zip(trained, gradients, strict=True):
                self.to_own[number] += one

    def _layers(self, part):
        """Outputs of each layer but the last, and their derivatives."""
        passed, slopes = [], []
        for number, z in enumerate(self.sums):
            out, slope = _slope(self.activation, z[part])
            if self.masks:
                mask = self.masks[number][part]
                out, slope = out * mask, slope * mask
            passed.append(out)
            slopes.append(slope)
        return passed, slopes

    def _steps(self, gradient, slope, slopes, totals, flows):
        """Backpropagate through time, filling in the gradients of states and pre-activations."""
        turned = [weight.t() for weight in self.weights]
        recurrent = self.recurrent.t()
        by_place = [x.unbind(0) for x in (gradient, totals, slope, flows[-1].view(slope.shape))]
        steps, down = [flow.unbind(0) for flow in flows], [slope.unbind(0) for slope in slopes]
        for step in range(len(gradient) - 1, -1, -1):
            coming, total, rise, top = (part[step] for part in by_place)
            torch.add(coming, self.to_state, out=total)
            torch.mul(rise, total[:, None], out=top)
            flow = steps[-1][step]
            for number in range(len(turned) - 1, -1, -1):
                flow = torch.mm(flow, turned[number], out=steps[number][step])
                flow.mul_(down[number][step])
            self.to_state = torch.mm(flow, recurrent)


def _slope(function, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Values and derivatives of an elementwise function."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        out = function(z)
    (slope,) = torch.autograd.grad(out, z, torch.ones_like(out))
    return out.detach(), slope
