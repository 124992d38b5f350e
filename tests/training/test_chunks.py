"""Chunks: processing them repeats what the student did, step by step."""

import numpy as np
import pytest
import torch
from students import student

from liquid_control import cells
from liquid_control.training.student.chunks import Chunk, filled, joined, losses, packed

T, N = 14, 5


def rollout(model, seed=0):
    """Steps of N walkers with lost samples and episode ends, and the losses of stepping through."""
    rng = np.random.default_rng(seed)
    seen, ended = rng.random((T, N)) < 0.8, rng.random((T, N)) < 0.1
    series = {
        'observation': rng.normal(size=(T, N, 14)).astype(np.float32),
        'elapsed': rng.uniform(0.5, 2.0, (T, N, 1)).astype(np.float32),
        'label': rng.normal(size=(T, N, 6)).astype(np.float32),
        'target': rng.normal(size=(T, N, 8)).astype(np.float32),
        'foretold': (rng.random((T, N, 1)) < 0.7).astype(np.float32),
    }
    start = torch.from_numpy(rng.normal(0, 0.3, (N, model.state_size)).astype(np.float32))
    state, action, change, count, weight = start, 0.0, 0.0, 0, 0.0
    with torch.no_grad():
        for t in range(T):
            observation, elapsed = (
                torch.from_numpy(series[k][t]) for k in ('observation', 'elapsed')
            )
            raw, prediction, after = model.step(observation, elapsed, state)
            mask = torch.from_numpy(seen[t])[:, None]
            missed = (prediction - torch.from_numpy(series['target'][t])) / model.change
            missed = missed.clamp(-20, 20).square()
            action += float((mask * (raw - torch.from_numpy(series['label'][t])) ** 2).sum())
            foretold = mask * torch.from_numpy(series['foretold'][t])
            change += float((foretold * missed).sum())
            count, weight = count + int(mask.sum()), weight + float(foretold.sum())
            state = torch.where(mask, after, state)
            state = torch.where(torch.from_numpy(ended[t])[:, None], 0.0, state)
    return packed(series, seen, ended, start), action / count / 6, change / weight / 8


@pytest.mark.parametrize('cell', cells.names())
def test_the_loss_is_that_of_stepping(cell):
    model = student(cell, width=16)
    chunk, action, change = rollout(model)
    with torch.no_grad():
        found = losses(model, chunk, 0)
    assert float(found[0]) == pytest.approx(action, rel=1e-4)
    assert float(found[1]) == pytest.approx(change, rel=1e-4)


@pytest.mark.parametrize('cell', cells.names())
def test_padding_changes_no_loss_or_gradient(cell):
    model = student(cell, width=16)
    chunk, _, _ = rollout(model)
    grads = []
    for rows in (1, len(chunk.elapsed) + 7):
        more = Chunk(**filled(chunk.tensors(), rows))
        assert len(more.elapsed) == max(rows, len(chunk.elapsed))
        model.zero_grad()
        sum(losses(model, more, 3)).backward()
        grads.append([value.grad.clone() for value in model.parameters()])
    for one, two in zip(*grads, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('cell', ['cfc', 'lstm', 'ltc_ncp'])
def test_padding_reaches_no_gradient(cell):
    model = student(cell, width=16)
    chunk, _, _ = rollout(model)
    grads = []
    for value in (0.0, 7.0):
        beyond = chunk.acted == 0
        for values in (chunk.observation, chunk.label, chunk.target):
            values[beyond.expand_as(values)] = value
        model.zero_grad()
        sum(losses(model, chunk, 3)).backward()
        grads.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for first, second in zip(*grads, strict=True):
        torch.testing.assert_close(first, second)


def test_burn_in_is_for_carried_states_alone():
    model = student()
    chunk, _, _ = rollout(model)
    fresh = chunk.of(np.arange(N))
    assert torch.equal(losses(model, fresh, 0)[0], losses(model, chunk, 0)[0])
    only = type(chunk)(*(v[~chunk.carried] for v in chunk.tensors().values()))
    assert len(only.state)
    assert not only.state.any()
    assert torch.equal(losses(model, only, 5)[0], losses(model, only, 0)[0])


def test_burn_in_is_seen_but_not_learned():
    model = student()
    chunk, _, _ = rollout(model)
    kept = type(chunk)(*(v[chunk.carried] for v in chunk.tensors().values()))
    assert len(kept.state)
    before = losses(model, kept, 5)
    kept.label[:, :5] += 3.0
    kept.target[:, :5] += 3.0
    assert torch.equal(torch.stack(before), torch.stack(losses(model, kept, 5)))
    assert not torch.equal(before[0], losses(model, kept, 0)[0])
    kept.observation[:, :5] += 0.5
    assert not torch.equal(before[0], losses(model, kept, 5)[0])


def test_a_worlds_sequences_stay_together():
    chunk, _, _ = rollout(student())
    parts = [chunk.of(np.array([world])) for world in range(N)]
    whole = joined(parts)
    assert sum(len(part.world) for part in parts) == len(chunk.world) == len(whole.world)
    assert whole.acted.sum() == chunk.acted.sum()
