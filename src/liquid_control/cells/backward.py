"""A sequence of CfC steps with a backward pass of its own.

Autograd would keep some twenty tensors a step, and add up each weight's gradient step by step.
Here the sums that enter each layer are kept, all slopes follow from them for the whole sequence
at once, what runs back in time is three or so operations a step, and each weight's gradient is
one matrix product at the end.
"""

import torch
from torch.autograd.function import once_differentiable


def fits(tensor: torch.Tensor) -> bool:
    """Whether :class:`Sequence` may be used: not in autocast, nor while compiling."""
    return not (
        torch.compiler.is_compiling()
        or torch.onnx.is_in_onnx_export()
        or torch.is_autocast_enabled(tensor.device.type)
    )


class Sequence(torch.autograd.Function):
    """z_1 = sensed + h·R; z_l = m·act(z_{l−1})·W_lᵀ + b_l; h' = gates(z_n, Δt), step by step.

    Args of ``apply``:
        activation: between layers, elementwise.
        gates: a module, elementwise over the units but for its heads side by side.
        masks: of dropout, (T, B, K), one for each layer before the last; or None.
        sensed: (B, T, K).
        elapsed: (B, T, 1).
        state: (B, H).
        recurrent: R, (H, K).
        rest: W and b of each further layer, in turn; then the parameters of the gates.

    Gives all states, (B, T, H).
    """

    @staticmethod
    def forward(ctx, activation, gates, masks, sensed, elapsed, state, recurrent, *rest):
        ctx.activation, ctx.gates = activation, gates
        length, (batch, size) = sensed.shape[1], state.shape
        own = len(list(gates.parameters()))
        linears = rest[: len(rest) - own]
        layers = list(zip(linears[::2], linears[1::2], strict=True))
        sums = [sensed.transpose(0, 1).clone(memory_format=torch.contiguous_format)]
        sums += [sensed.new_empty(length, batch, weight.shape[0]) for weight, _ in layers]
        states = sensed.new_empty(length + 1, batch, size)
        states[0] = state
        turned = [(weight.t(), bias) for weight, bias in layers]
        places = zip(elapsed.unbind(1), *(z.unbind(0) for z in sums), strict=True)
        for place, (since, z, *further) in enumerate(places):
            z.addmm_(state, recurrent)
            for number, (into, (weight, bias)) in enumerate(zip(further, turned, strict=True)):
                passed = activation(z)
                if masks is not None:
                    passed = passed * masks[number][place]
                z = torch.addmm(bias, passed, weight, out=into)
            state = gates.quick(z, since)
            states[place + 1] = state
        masks = [] if masks is None else masks
        ctx.save_for_backward(elapsed, recurrent, states, *linears, *sums, *masks)
        ctx.layers = len(layers)
        return states[1:].transpose(0, 1).clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        elapsed, recurrent, states, *saved = ctx.saved_tensors
        count = ctx.layers
        weights, sums = saved[: 2 * count : 2], saved[2 * count : 3 * count + 1]
        masks = saved[3 * count + 1 :]
        passed, slopes = [], []
        for number, z in enumerate(sums[:-1]):
            out, slope = _slope(ctx.activation, z)
            if masks:
                out, slope = out * masks[number], slope * masks[number]
            passed.append(out)
            slopes.append(slope)
        length, batch, size = states.shape[0] - 1, *states.shape[1:]
        own = list(ctx.gates.parameters())
        with torch.enable_grad():
            heads = sums[-1].detach().requires_grad_()
            since = elapsed.transpose(0, 1).detach().requires_grad_()
            after = ctx.gates.quick(heads, since)
        (slope,) = torch.autograd.grad(after, heads, torch.ones_like(after), retain_graph=True)
        slope = slope.view(length, batch, -1, size)

        totals = torch.empty_like(states[1:])
        flows = [torch.empty_like(z) for z in sums]
        carried, back = torch.zeros_like(states[0]), recurrent.t()
        tops = flows[-1].view(slope.shape)
        by_place = [part.unbind(0) for part in (gradient.transpose(0, 1), totals, slope, tops)]
        steps, down = [flow.unbind(0) for flow in flows], [slope.unbind(0) for slope in slopes]
        for place in range(length - 1, -1, -1):
            coming, total, rise, top = (part[place] for part in by_place)
            torch.add(coming, carried, out=total)
            torch.mul(rise, total[:, None], out=top)
            flow = steps[-1][place]
            for number in range(count - 1, -1, -1):
                flow = torch.mm(flow, weights[number], out=steps[number][place])
                flow.mul_(down[number][place])
            carried = torch.mm(flow, back)

        into = []
        for out, flow in zip(passed, flows[1:], strict=True):
            flow = flow.flatten(0, 1)
            into += [flow.t() @ out.flatten(0, 1), flow.sum(0)]
        others = [None] * (1 + len(own))
        if own or ctx.needs_input_grad[4]:
            others = torch.autograd.grad(after, [since, *own], totals)
        to_elapsed = None if others[0] is None else others[0].transpose(0, 1)
        to_recurrent = states[:-1].flatten(0, 1).t() @ flows[0].flatten(0, 1)
        return (
            None, None, None, flows[0].transpose(0, 1), to_elapsed, carried, to_recurrent,
            *into, *others[1:],
        )  # fmt: skip


def _slope(function, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The values of an elementwise function and its slopes."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        out = function(z)
    (slope,) = torch.autograd.grad(out, z, torch.ones_like(out))
    return out.detach(), slope
