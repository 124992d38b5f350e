"""Non-finite values stop a training, with an error that says where they arose."""

from collections.abc import Callable, Sequence

import torch

Variables = Callable[[str, torch.Tensor], Sequence[torch.Tensor]]
"""(name of a parameter, its gradient) → parts of the gradient, as views."""


class NotFiniteError(RuntimeError):
    """A value in training is not finite; the message says where."""


def check_parameters(model: torch.nn.Module, context: str) -> None:
    """Raise NotFiniteError naming the first parameter with a non-finite value."""
    for name, value in model.named_parameters():
        if not torch.isfinite(value).all():
            raise NotFiniteError(f'{context}: parameter {name} is not finite')


def check_gradients(model: torch.nn.Module, context: str) -> None:
    """Raise NotFiniteError naming the parameters with non-finite gradients."""
    names = [
        name
        for name, value in model.named_parameters()
        if value.grad is not None and not torch.isfinite(value.grad).all()
    ]
    if names:
        raise NotFiniteError(f'{context}: the gradient of {", ".join(names)} is not finite')


def clip_gradients(
    model: torch.nn.Module, most: float, context: str, variables: Variables | None = None
) -> None:
    """Clip gradients to a maximum norm.

    Args:
        most: maximum norm of all gradients together.
        context: where the training is, for error messages.
        variables: splits each gradient into parts that are clipped separately instead.

    Raises:
        NotFiniteError: a gradient is not finite; the message names ``context`` and the parameters.
    """
    try:
        if variables is None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), most, error_if_nonfinite=True)
        else:
            _clip_parts(model, most, variables)
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError:
        check_gradients(model, context)
        raise NotFiniteError(f'{context}: the norm of the gradient is not finite') from None


def _clip_parts(model: torch.nn.Module, most: float, variables: Variables) -> None:
    gradients = [(n, p.grad) for n, p in model.named_parameters() if p.grad is not None]
    parts = [part for name, gradient in gradients for part in variables(name, gradient)]
    norms = torch.stack([torch.linalg.vector_norm(part) for part in parts])
    if not torch.isfinite(norms).all():
        raise RuntimeError('a norm is not finite')
    for part, share in zip(parts, (most / (norms + 1e-6)).clamp(max=1.0), strict=True):
        part.mul_(share)


def explain(
    model: torch.nn.Module,
    batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    context: str,
    describe: Callable[[int], str],
    inputs: Sequence[torch.Tensor] | None = None,
    **more: torch.Tensor,
) -> NotFiniteError:
    """The error that says where a non-finite loss arose.

    Args:
        model: called with its inputs once more, with a hook on each of its modules.
        batch: x (B, T, C), elapsed (B, T, 1), target (B, T, C).
        context: round and update, for the message.
        describe: describes a window of the batch by index.
        inputs: what the model is called with; None: x and elapsed.
        more: whatever else the loss depends on, (B, T, C) each.
    """
    x, elapsed, target = batch
    for name, values in {'x': x, 'elapsed': elapsed, 'target': target, **more}.items():
        bad = _first(values)
        if bad:
            return NotFiniteError(
                f'{context}: {name} is not finite at {bad[1]} of {describe(bad[0])}'
            )
    try:
        check_parameters(model, context)
    except NotFiniteError as error:
        return error
    found: list[str] = []

    def watch(name):
        def hook(module, given, output):
            values = output[0] if isinstance(output, tuple) else output
            bad = _first(values)
            if bad and not found:
                where = f'{name or "the model"} ({type(module).__name__})'
                found.append(f'it arose in {where} at {bad[1]} of {describe(bad[0])}')

        return hook

    hooks = [module.register_forward_hook(watch(name)) for name, module in model.named_modules()]
    try:
        with torch.no_grad():
            model(*((x, elapsed) if inputs is None else inputs))
    finally:
        for hook in hooks:
            hook.remove()
    where = found[0] if found else 'the squared error overflows single precision'
    return NotFiniteError(f'{context}: the loss is not finite; {where}')


def _first(values: torch.Tensor) -> tuple[int, str] | None:
    """(window, description of the step) of the first non-finite value."""
    bad = torch.nonzero(~torch.isfinite(values))
    if not len(bad):
        return None
    if values.ndim < 3:
        return int(bad[0, 0]), 'one step'
    step = bad[bad[:, 1].argmin()]
    return int(step[0]), f'step {int(step[1])}'
