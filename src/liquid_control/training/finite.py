"""A loss that is not finite stops a training, and the error says where it arose."""

from collections.abc import Callable

import torch


class NotFiniteError(RuntimeError):
    """A number in training is not finite; the text says where."""


def check_parameters(model: torch.nn.Module, place: str) -> None:
    """Raises NotFiniteError naming the first parameter with a value that is not finite."""
    for name, value in model.named_parameters():
        if not torch.isfinite(value).all():
            raise NotFiniteError(f'{place}: parameter {name} is not finite')


def check_gradients(model: torch.nn.Module, place: str) -> None:
    """Raises NotFiniteError naming the parameters whose gradient is not finite."""
    names = [
        name
        for name, value in model.named_parameters()
        if value.grad is not None and not torch.isfinite(value.grad).all()
    ]
    if names:
        raise NotFiniteError(f'{place}: the gradient of {", ".join(names)} is not finite')


def clip_gradients(model: torch.nn.Module, most: float, place: str, each: bool = False) -> None:
    """Scale gradients down to a norm.

    Args:
        most: the norm, of all together.
        each: of each parameter's instead.

    Raises:
        NotFiniteError: a gradient is not finite; the text names ``place`` and parameters.
    """
    values = list(model.parameters())
    try:
        for group in values if each else [values]:
            torch.nn.utils.clip_grad_norm_(group, most, error_if_nonfinite=True)
    except RuntimeError:
        check_gradients(model, place)
        raise NotFiniteError(f'{place}: the norm of the gradient is not finite') from None


def explain(
    model: torch.nn.Module,
    batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    place: str,
    describe: Callable[[int], str],
) -> NotFiniteError:
    """Where a loss that is not finite arose.

    Args:
        model: called with x and elapsed once more, each of its modules watched.
        batch: x (B, T, C), elapsed (B, T, 1), target (B, T, C).
        place: round and update, for the text.
        describe: names a window of the batch.
    """
    x, elapsed, target = batch
    for name, values in (('x', x), ('elapsed', elapsed), ('target', target)):
        bad = _first(values)
        if bad:
            return NotFiniteError(
                f'{place}: {name} is not finite at {bad[1]} of {describe(bad[0])}'
            )
    try:
        check_parameters(model, place)
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
            model(x, elapsed)
    finally:
        for hook in hooks:
            hook.remove()
    where = found[0] if found else 'its squares grow beyond single precision'
    return NotFiniteError(f'{place}: the loss is not finite; {where}')


def _first(values: torch.Tensor) -> tuple[int, str] | None:
    """(window, text of the step) of the first value that is not finite."""
    bad = torch.nonzero(~torch.isfinite(values))
    if not len(bad):
        return None
    if values.ndim < 3:
        return int(bad[0, 0]), 'in one step'
    step = bad[bad[:, 1].argmin()]
    return int(step[0]), f'step {int(step[1])}'
