"""Rollouts for imitation: seeded, labelled, and with time that passes unevenly."""

import numpy as np
import pytest
import torch
from support import STUDENT

from liquid_control import paths
from liquid_control.models import ModelSettings, Normalizer, PolicyModel
from liquid_control.training.imitation import sequence_loss
from liquid_control.training.rollouts import Collector, Conditions
from liquid_control.training.teacher import Teacher

COUNT, STEPS = 16, 40


def collect(chunks: int = 1, seed: int = 0, beta: float = 0.5):
    torch.manual_seed(0)
    model = PolicyModel(
        ModelSettings.fitted('cfc', STUDENT),
        STUDENT,
        Normalizer(np.zeros(8), np.ones(8), np.ones(8)),
    )
    teacher = Teacher(paths.policy('expert', 'walker2d'), COUNT)
    collector = Collector(model, teacher, COUNT, seed, Conditions(dropped=0.3))
    found = [collector.collect(STEPS, beta) for _ in range(chunks)]
    collector.close()
    return model, found


@pytest.fixture(scope='module')
def chunk():
    return collect()[1][0]


def test_one_seed_gives_one_rollout():
    first, again, other = (collect(seed=seed)[1][0] for seed in (3, 3, 4))
    for name in ('observation', 'elapsed', 'seen', 'label', 'target', 'ended', 'state'):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.observation, other.observation)


def test_labels_are_the_teachers_inside_the_limits(chunk):
    assert chunk.label.abs().max() <= 1
    assert chunk.label.std() > 0.1


def test_a_lost_sample_lengthens_the_time_and_holds_the_command(chunk):
    lost = 0
    for t in range(1, STEPS):
        for walker in range(COUNT):
            if chunk.ended[t - 1, walker]:
                continue
            elapsed, sent = chunk.elapsed[t, walker], chunk.observation[t, walker, 8:]
            if chunk.seen[t - 1, walker]:
                assert elapsed == 1
            else:
                lost += 1
                assert elapsed == chunk.elapsed[t - 1, walker] + 1
                assert torch.equal(sent, chunk.observation[t - 1, walker, 8:])
    assert lost > 5
    always = torch.ones(COUNT, dtype=bool)
    always[COUNT // 4 : COUNT // 2] = False
    assert chunk.seen[:, always].all()


def test_the_target_is_what_a_clean_sensor_reads_next(chunk):
    clean = slice(COUNT // 2, COUNT)
    going_on = ~chunk.ended[:-1, clean].expand(-1, -1, 8)
    following = chunk.observation[1:, clean, :8]
    assert torch.equal(following[going_on], chunk.target[:-1, clean][going_on])


def test_the_loss_of_two_chunks_in_a_row_is_that_of_one_long_one():
    model, (first, second) = collect(chunks=2, beta=1.0)
    whole = type(first)(
        *(
            torch.cat([getattr(first, name), getattr(second, name)])
            for name in ('observation', 'elapsed', 'seen', 'label', 'target', 'ended')
        ),
        first.state,
    )
    with torch.no_grad():
        parts = [sequence_loss(model, part, 0) for part in (first, second)]
        together = sequence_loss(model, whole, 0)
    for found, halves in zip(together, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(found, sum(halves) / 2, atol=1e-5, rtol=1e-5)


def test_a_teacher_must_see_everything():
    with pytest.raises(ValueError, match='a teacher asks for joint_position and joint_velocity'):
        Teacher(paths.policy('cfc', 'walker2d'), 1)
