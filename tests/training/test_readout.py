"""The prediction readout, solved at the end of training."""

import copy

import numpy as np
import pytest
import torch
from students import TEACHER, settings, student
from support import ROBOT

from liquid_control.evaluation.suite import JUDGED
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student.chunks import mean, missed_changes, persistence, sequences
from liquid_control.training.student.conditions import Chance, Conditions
from liquid_control.training.student.exploration import Explorer
from liquid_control.training.student.readout import solve_readout
from liquid_control.training.student.train import train_student

FAULTY = Conditions((Chance(5 / 6, JUDGED[1:]),))


def missed(model, batch) -> torch.Tensor:
    """Mean error of a student's predictions, relative to persistence in each sequence."""
    _, change = model.sequence(
        batch['observation'], batch['elapsed'], batch['state'], batch['action']
    )
    there, foretold = (batch['observation'], batch['target']), batch['foretold']
    share = missed_changes(model, change, *there) / persistence(model, *there, foretold)
    return mean(share, foretold)


def walked(model, seed: int = 77):
    walk = Explorer(model, 64, seed, FAULTY)
    rollout = walk.collect(64, np.full(6, 1e-4, dtype=np.float32))
    walk.close()
    return sequences(rollout.series, rollout.seen, rollout.ended, rollout.start)[0]


@pytest.mark.parametrize('cell', ['gru', 'cfc', 'mlp'])
def test_readout_improves_unseen_predictions(cell):
    model = student(cell)
    before = copy.deepcopy(model)
    solve_readout(model, 192, 0, 'it')
    batch = walked(model)
    with torch.no_grad():
        assert missed(model, batch) < 0.8 * missed(before, batch)
    changed = {name for name, values in model.state_dict().items()
               if not torch.equal(values, before.state_dict()[name])}  # fmt: skip
    assert changed == {'prediction.weight', 'prediction.bias'}


def test_readout_has_the_least_error():
    model = student('gru')
    solve_readout(model, 64, 77, 'it')
    batch = walked(model)
    missed(model, batch).backward()
    size = max(float(p.grad.abs().max()) for p in model.prediction.parameters())
    worse = student('gru')
    missed(worse, batch).backward()
    assert size < 1e-2 * max(float(p.grad.abs().max()) for p in worse.prediction.parameters())


def test_a_training_ends_with_it_and_repeats(tmp_path):
    found = [
        train_student(settings('gru', readout=steps), ROBOT, TEACHER, tmp_path / name, _silent)
        for name, steps in (('none', 0), ('first', 64), ('second', 64))
    ]
    states = [trained.model.state_dict() for trained in found]
    for name, values in states[0].items():
        assert torch.equal(values, states[1][name]) != name.startswith('prediction')
        assert torch.equal(states[1][name], states[2][name])


def test_non_finite_output_is_not_written(monkeypatch):
    model = student('gru')
    before = copy.deepcopy(model.prediction.state_dict())
    monkeypatch.setattr(
        'liquid_control.training.student.readout._seen',
        lambda *given: (torch.full((2, 19), torch.nan).double(), torch.ones(2, 8).double(),
                        torch.ones(2, 1).double()),
    )  # fmt: skip
    with pytest.raises(NotFiniteError, match='gru, seed 0: the least-squares prediction readout'):
        solve_readout(model, 64, 0, 'gru, seed 0')
    assert all(torch.equal(before[name], v) for name, v in model.prediction.state_dict().items())


def test_a_walk_of_negative_length_is_refused():
    with pytest.raises(ValueError, match=r'readout: expected 0 or more, found -1'):
        settings(readout=-1)


def _silent(fraction: float, text: str) -> None:
    pass
