"""Frames to come from inputs of which some are missing, and of which some are unknown."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from liquid_control.study import model
from liquid_control.study.batches import Shuffled, tensors
from liquid_control.study.evaluate import error
from liquid_control.study.objective import squared_error
from liquid_control.study.sequences import DataError, Sequences, StudyData

CPU = torch.device('cpu')


class Tanks(StudyData):
    name = title = 'tanks'

    def load(self):
        raise NotImplementedError

    def scores(self, output, sequences):
        return {'mse': 0.0}


def tanks(offset=0.0, known=True):
    """Two slow levels, each read in 7 of 10 steps; the frame to come is asked for where known."""
    rng = np.random.default_rng(0)
    levels = np.cumsum(rng.standard_normal((40, 13, 2)) * 0.1, axis=1) + offset
    there = rng.random((40, 13, 2)) < 0.7
    frames = np.where(there, levels, 0.0).astype(np.float32)
    ones = np.ones((40, 12, 1), np.float32)
    present = np.ones((40, 12), bool)
    present[::3, 9:] = False
    present[:, 0] = True
    return Sequences(
        frames[:, :-1] * present[..., None], ones, frames[:, 1:], present,
        there[:, :-1] & present[..., None], known=there[:, 1:] if known else None,
    )  # fmt: skip


def built(sequences):
    return model.build('gru', {'units': 8}, Tanks(), sequences, seed=0)


def test_an_offset_of_the_readings_changes_no_error():
    plain, shifted = tanks(), tanks(offset=1000.0)
    assert error(built(shifted), shifted) == pytest.approx(error(built(plain), plain), rel=0.02)


def test_a_frame_starts_from_the_last_measured_value():
    x = torch.tensor([[[5.0, 0.0], [0.0, 0.0], [7.0, 3.0], [0.0, 0.0]]])
    observed = torch.tensor([[[True, False], [False, False], [True, True], [False, False]]])
    frames = model.held(x, observed, torch.tensor([1.0, 2.0]))
    assert frames.tolist() == [[[5.0, 2.0], [5.0, 2.0], [7.0, 3.0], [7.0, 3.0]]]


def test_an_unknown_frame_counts_in_no_loss():
    sequences = tanks()
    unknown = ~sequences.scored
    wild = sequences.target.copy()
    wild[unknown] = 1e6
    other = Sequences(
        sequences.x, sequences.elapsed, wild, sequences.present, sequences.observed,
        known=sequences.known,
    )  # fmt: skip
    losses = []
    for part in (sequences, other):
        net, batch = built(part), Shuffled(part, 16, 0, CPU)(0)
        loss = squared_error(net(*batch.inputs)[0], batch)
        loss.backward()
        losses.append((loss.detach(), net.prediction.weight.grad, error(net, part)))
    assert_close(losses[0], losses[1], rtol=0, atol=0)


def test_taken_sequences_keep_what_is_known():
    sequences = tanks()
    rows = np.array([3, 0, 5])
    assert (sequences.take(rows).scored == sequences.scored[rows]).all()
    batch = tensors(sequences, rows, CPU)
    steps = batch.x.shape[1]
    assert (batch.known.numpy() == sequences.scored[rows][:, :steps]).all()


def test_a_sequence_of_which_nothing_is_known_is_refused():
    sequences = tanks()
    known = sequences.known.copy()
    known[2] = False
    with pytest.raises(DataError, match='sequence 2: known: expected at least one known value'):
        Sequences(
            sequences.x, sequences.elapsed, sequences.target, sequences.present,
            sequences.observed, known=known,
        )  # fmt: skip
