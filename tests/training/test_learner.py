"""A student that learns on a GPU: what it learns there, and what acts, is what a CPU gives."""

import pytest
import torch
from devices import on_gpu
from students import student

from liquid_control import cells
from liquid_control.training.optimizers import Optimizers
from liquid_control.training.student.learner import SEQUENCES, Learner

WORLDS, STEPS = 2, 9
ROWS = SEQUENCES * WORLDS


def batch(rows: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Sequences of a rollout, with all that a gradient step takes."""
    torch.manual_seed(seed)
    sizes = {'observation': 14, 'action': 6, 'target': 8}
    found = {name: 0.5 * torch.randn(rows, STEPS, size) for name, size in sizes.items()}
    return {
        **found,
        'elapsed': 0.5 + torch.rand(rows, STEPS, 1),
        'acted': (torch.rand(rows, STEPS, 1) < 0.8).float(),
        'world': torch.arange(rows),
    }


def taught(learner: Learner, given: dict[str, torch.Tensor], optimizer: Optimizers) -> None:
    """One gradient step towards the batch."""
    found = learner.take({**given, 'state': learner.acting.initial_state(len(given['elapsed']))})
    action, change = learner.sequence(
        found['observation'], found['elapsed'], found['state'], found['action']
    )
    wrong = torch.cat([action - found['action'], change - found['target']], dim=-1)
    ((wrong.square() * found['acted']).sum() / found['acted'].sum()).backward()
    optimizer.step(0.01)


def test_on_the_processor_one_student_is_both():
    learner, given = Learner(student(), 'cpu', WORLDS, STEPS, sent=True), batch(2)
    assert learner.model is learner.acting
    assert learner.take(given) is given
    assert learner.title == 'cpu'


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="expected cpu, cuda or cuda:N, found 'gpu'"):
        Learner(student(), 'gpu', WORLDS, STEPS, sent=True)


@on_gpu
@pytest.mark.parametrize('cell', cells.names())
def test_it_learns_the_same_on_a_gpu(cell):
    """From batches that are filled up, of the size of the passes, and beyond it.

    With Adam: Muon rounds to bfloat16 what it then amplifies.
    """
    weights = []
    for device in ('cpu', 'cuda'):
        learner = Learner(student(cell), device, WORLDS, STEPS, sent=True)
        optimizer = Optimizers('adam', learner.model, 0.01)
        for seed, rows in enumerate((4, ROWS, ROWS + 3, 1, ROWS)):
            taught(learner, batch(rows, seed), optimizer)
        learner.follow()
        weights.append(learner.acting.state_dict())
    for key, value in weights[0].items():
        assert weights[1][key].device.type == 'cpu'
        torch.testing.assert_close(weights[1][key], value, atol=2e-3, rtol=1e-2)


@on_gpu
def test_what_is_loaded_walks_and_learns():
    learner, other = (
        Learner(student('gru'), 'cuda', WORLDS, STEPS, sent=True),
        student('gru', seed=1),
    )
    learner.load(other.state_dict())
    for key, value in other.state_dict().items():
        assert torch.equal(learner.acting.state_dict()[key], value)
        assert torch.equal(learner.model.state_dict()[key].cpu(), value)
