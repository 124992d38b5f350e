"""Laws of every cell beyond its values: gradients, precision, compilation, counts, shapes."""

import hypothesis
import pytest
import torch
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from liquid_control import cells

INPUT, HIDDEN, BATCH, LENGTH = 5, 7, 3, 6
SETTINGS = [
    *((name, {}) for name in cells.names()),
    ('cfc', {'backbone': 4, 'backbone_layers': 0}),
    ('cfc', {'backbone': 4, 'backbone_layers': 3, 'activation': 'silu'}),
    ('cfc', {'head_activation': 'lecun_tanh', 'activation': 'gelu'}),
    ('cfc_pure', {'backbone': 4, 'backbone_layers': 2}),
    ('cfc_mixed', {'mode': 'pure'}),
    ('cfc_ncp', {'wiring': 'full', 'mode': 'pure', 'motors': 3}),
    ('cfc_ncp', {'wiring': 'random', 'mode': 'no_gate'}),
    ('cfc_ncp', {'dense_recurrence': True}),
]
EACH = pytest.mark.parametrize(('name', 'settings'), SETTINGS, ids=str)
NAMES = pytest.mark.parametrize('name', cells.names())


def make(name: str, **settings) -> cells.Cell:
    torch.manual_seed(0)
    return cells.make(name, INPUT, HIDDEN, **settings)


def series(batch: int = BATCH, length: int = LENGTH, **like) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(batch, length, INPUT, **like), torch.rand(batch, length, 1, **like) * 5


@EACH
def test_gradients_of_all_parameters_equal_finite_differences(name, settings):
    cell = make(name, **settings).double()
    x, elapsed = series(2, 3, dtype=torch.float64)
    state = torch.rand(2, cell.state_size, dtype=torch.float64) * 2 - 1
    names, values = zip(*cell.named_parameters(), strict=True)

    def outputs(*parameters):
        found, last = torch.func.functional_call(
            cell, dict(zip(names, parameters, strict=True)), (x, elapsed, state)
        )
        return torch.cat([found.flatten(), last.flatten()])

    def along(steps):
        """A randomly weighted sum of the outputs, along a random direction."""
        return outputs(*(v + steps * d for v, d in zip(values, directions, strict=True))) @ weights

    weights = torch.randn(outputs(*values).shape, dtype=torch.float64)
    for chosen in range(len(values)):
        directions = [
            torch.randn_like(v) if number == chosen else torch.zeros_like(v)
            for number, v in enumerate(values)
        ]
        with torch.no_grad():
            wanted = (along(1e-6) - along(-1e-6)) / 2e-6
        cell.zero_grad()
        found, last = cell(x, elapsed, state)
        (torch.cat([found.flatten(), last.flatten()]) @ weights).backward()
        gradient = values[chosen].grad
        gradient = torch.zeros_like(values[chosen]) if gradient is None else gradient
        slope = (gradient * directions[chosen]).sum()
        torch.testing.assert_close(slope, wanted, atol=1e-6, rtol=1e-5, msg=names[chosen])


@NAMES
def test_half_precision_takes_any_time(name):
    cell = make(name).half()
    x, elapsed = series(2, 2, dtype=torch.float16)
    elapsed[0, 0] = 60_000.0
    with torch.no_grad():
        outputs, _ = cell(x, elapsed)
    assert outputs.isfinite().all()


@EACH
def test_frozen_parameters_change_no_other_gradient(name, settings):
    cell = make(name, **settings).double()
    x, elapsed = series(2, 3, dtype=torch.float64)
    x.requires_grad_()
    names = [each for each, _ in cell.named_parameters()]

    def gradients():
        found, _ = cell(x, elapsed)
        trained = {each: p for each, p in cell.named_parameters() if p.requires_grad}
        values = torch.autograd.grad(
            found.square().sum(), [x, *trained.values()], allow_unused=True
        )
        return dict(zip(['x', *trained], values, strict=True))

    wanted = gradients()
    for frozen in (*([each] for each in names), names):
        for each, parameter in cell.named_parameters():
            parameter.requires_grad_(each not in frozen)
        for each, gradient in gradients().items():
            torch.testing.assert_close(gradient, wanted[each], msg=f'{each}, without {frozen}')


@EACH
def test_parameters_of_a_functional_call_have_gradients(name, settings):
    cell, other = make(name, **settings).double(), make(name, **settings).double()
    x, elapsed = series(2, 3, dtype=torch.float64)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.3)
    given = {each: p.detach().clone().requires_grad_() for each, p in other.named_parameters()}
    passes = (
        (torch.func.functional_call(cell, given, (x, elapsed)), given.values()),
        (other(x, elapsed), other.parameters()),
    )
    found, wanted = (
        torch.autograd.grad(outputs.square().sum(), list(parameters), allow_unused=True)
        for (outputs, _), parameters in passes
    )
    for each, one, right in zip(given, found, wanted, strict=True):
        torch.testing.assert_close(one, right, msg=each)


@EACH
def test_a_whole_sequence_has_the_gradients_of_its_steps(name, settings):
    cell = make(name, **settings)
    x, elapsed = series()
    state = cell.initial_state(BATCH)
    cell(x, elapsed)[0].square().sum().backward()
    found = [p.grad for p in cell.parameters()]
    cell.zero_grad()
    total = 0.0
    for now, since in zip(x.unbind(1), elapsed.unbind(1), strict=True):
        output, state = cell.step(now, state, since)
        total = total + output.square().sum()
    total.backward()
    for gradient, parameter in zip(found, cell.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-4, rtol=1e-4)


@NAMES
def test_a_detached_state_carries_its_values_but_no_gradient(name):
    cell = make(name)
    x, elapsed = series()
    x.requires_grad_()
    _, state = cell(x[:, :3], elapsed[:, :3])
    carried, _ = cell(x[:, 3:], elapsed[:, 3:], state)
    cut, _ = cell(x[:, 3:], elapsed[:, 3:], state.detach())
    assert torch.equal(carried, cut)
    (whole,) = torch.autograd.grad(carried.sum(), x)
    (truncated,) = torch.autograd.grad(cut.sum(), x)
    assert torch.all(truncated[:, :3] == 0)
    assert torch.any(whole[:, :3] != 0) or name == 'mlp'


@NAMES
def test_a_zero_state_starts_anew(name):
    cell = make(name)
    x, elapsed = series()
    assert torch.equal(cell(x, elapsed, cell.initial_state(BATCH))[0], cell(x, elapsed)[0])


@NAMES
@pytest.mark.parametrize('whole', [True, False])
def test_bfloat16_by_autocast_is_close_to_float32(name, whole):
    cell = make(name)
    x, elapsed = series()
    lengths = None if whole else torch.tensor([6, 2, 4])
    expected, last = cell(x, elapsed, lengths=lengths)
    with torch.autocast('cpu', torch.bfloat16):
        found, state = cell(x, elapsed, lengths=lengths)
        loss = found.float().square().mean()
    loss.backward()
    torch.testing.assert_close(found.float(), expected, atol=0.1, rtol=0.05)
    torch.testing.assert_close(state.float(), last, atol=0.1, rtol=0.05)
    assert all(torch.isfinite(p.grad).all() for p in cell.parameters() if p.grad is not None)


@NAMES
@pytest.mark.parametrize('backend', ['aot_eager', pytest.param('inductor', marks=pytest.mark.slow)])
def test_a_step_compiled_without_a_break_is_the_same(name, backend):
    torch._dynamo.reset()
    cell = make(name)
    x, elapsed = series()
    now = x[:, 0], torch.rand(BATCH, cell.state_size), elapsed[:, 0]
    compiled = torch.compile(cell.step, backend=backend, fullgraph=True)
    for found, expected in zip(compiled(*now), cell.step(*now), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.slow
@NAMES
def test_a_sequence_compiled_without_a_break_is_the_same(name):
    torch._dynamo.reset()
    cell = make(name)
    x, elapsed = series(length=3)
    found = torch.compile(cell, backend='aot_eager', fullgraph=True)(x, elapsed)[0]
    torch.testing.assert_close(found, cell(x, elapsed)[0], atol=1e-5, rtol=0)
    found.sum().backward()


@NAMES
@hypothesis.settings(max_examples=6, deadline=None)
@hypothesis.given(
    batch=st.integers(1, 4), length=st.integers(1, 5), seed=st.integers(0, 999), data=st.data()
)
def test_shapes_batches_and_causality(name, batch, length, seed, data):
    torch.manual_seed(seed)
    cell = cells.make(name, INPUT, HIDDEN)
    x, elapsed = torch.randn(batch, length, INPUT) * 3, torch.rand(batch, length) * 10
    outputs, state = cell(x, elapsed)
    assert outputs.shape == (batch, length, cell.output_size)
    assert state.shape == (batch, cell.state_size)
    order = torch.tensor(data.draw(st.permutations(range(batch))))
    mixed, last = cell(x[order], elapsed[order])
    torch.testing.assert_close(mixed, outputs[order], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(last, state[order], atol=1e-5, rtol=1e-4)
    place = data.draw(st.integers(0, length - 1))
    x[:, place:] += 1.0
    elapsed[:, place:] *= 2.0
    torch.testing.assert_close(
        cell(x, elapsed)[0][:, :place], outputs[:, :place], atol=1e-6, rtol=0
    )


class Work(TorchDispatchMode):
    """Counts the cost of one row of a batch: matrix products, factors, functions."""

    FACTORS = ('mul', 'div', 'addcmul')
    FUNCTIONS = ('tanh', 'sigmoid', 'exp', 'relu', 'silu', 'gelu', 'abs', 'cos', 'sin')

    def __init__(self, batch: int):
        super().__init__()
        self.batch, self.total = batch, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if name in ('glu', 'native_layer_norm'):
            first = result[0] if isinstance(result, tuple) else result
            self.total += 2 * first.numel() // self.batch
        elif name in ('mm', 'addmm'):
            self.total += args[-1].numel()
        elif name in (*self.FACTORS, *self.FUNCTIONS) and result.shape[0] == self.batch:
            self.total += result.numel() // self.batch
        return result


class Written(TorchDispatchMode):
    """Counts the elements of all results."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        results = result if isinstance(result, (tuple, list)) else (result,)
        self.total += sum(r.numel() for r in results if isinstance(r, torch.Tensor))
        return result


@pytest.mark.parametrize(
    ('name', 'settings'),
    [pytest.param(n, s, marks=[pytest.mark.slow] if s else []) for n, s in SETTINGS],
    ids=str,
)
def test_the_work_of_a_training_step_is_proportional_to_length(name, settings):
    cell, totals = make(name, **settings), []
    for length in (128, 256):
        x, elapsed = series(2, length)
        with Written() as written:
            outputs, _ = cell(x, elapsed)
            outputs.square().mean().backward()
        totals.append(written.total)
    assert totals[1] < 2.1 * totals[0]


@EACH
def test_counts_are_what_a_step_does(name, settings):
    cell = make(name, **settings)
    counts = cell.counts()
    assert counts.parameters == sum(p.numel() for p in cell.parameters())
    assert counts.state_size == cell.state_size
    if name in ('ltc', 'ltc_ncp', 'lrc', 'stc', 'cfc_ncp'):
        return  # not counted as matrix products; see their own tests
    batch = 13  # unlike any other size
    x, elapsed = series(batch, 1)
    with torch.no_grad(), Work(batch) as work:
        cell.step(x[:, 0], cell.initial_state(batch), elapsed[:, 0])
    assert work.total == counts.operations
