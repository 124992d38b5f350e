"""Fine-tuning: correct estimates, one policy in rollouts and updates, exact resumption."""

import numpy as np
import pytest
import torch
from students import ALL, student, tuning

from liquid_control import cells
from liquid_control.sim import simulated_robot
from liquid_control.training.student.chunks import sequences
from liquid_control.training.student.conditions import Conditions
from liquid_control.training.student.exploration import Explorer, Rollout
from liquid_control.training.student.fine_tuning import surrogate as loss_of
from liquid_control.training.student.settings import FineTuningSettings
from liquid_control.training.student.value import Value, advantages

SPREAD = np.full(6, 0.3, dtype=np.float32)


def explorer(model, conditions=ALL, count=8):
    return Explorer(model, count, 0, conditions)


def batch_of(rollout: Rollout):
    series = {**rollout.series, 'advantage': np.ones_like(rollout.series['likelihood'])}
    return sequences(series, rollout.seen, rollout.ended, rollout.start)[0]


def test_advantages_sum_later_gains():
    rng, steps, count = np.random.default_rng(0), 9, 3
    reward, before, after = (rng.normal(size=(steps, count)) for _ in range(3))
    fallen, ended = (np.zeros((steps, count), dtype=bool) for _ in range(2))
    fallen[4, 0] = ended[4, 0] = ended[6, 1] = True
    rollout = Rollout({}, ended, reward, fallen, ended, reward, reward, torch.zeros(0))
    found = advantages(rollout, before, after, 0.9, 0.8)
    for walker in range(count):
        for step in range(steps):
            total = 0.0
            for later in range(step, steps):
                goes_on = 0.0 if fallen[later, walker] else after[later, walker]
                gain = reward[later, walker] + 0.9 * goes_on - before[later, walker]
                total += (0.9 * 0.8) ** (later - step) * gain
                if ended[later, walker]:
                    break
            assert found[step, walker] == pytest.approx(total)


@pytest.mark.parametrize('cell', cells.names())
def test_sequences_give_rollout_likelihoods(cell):
    model = student(cell, 16)
    walk = explorer(model)
    rollout = walk.collect(40, SPREAD)
    while not rollout.ended.any():
        rollout = walk.collect(40, SPREAD)
    walk.close()
    assert 0.5 < rollout.seen.mean() < 1.0
    batch = batch_of(rollout)
    found, divergence, missed = loss_of(
        FineTuningSettings(beyond_weight=0.0, prediction_weight=0.0), model,
        torch.from_numpy(SPREAD).log(), batch,
    )  # fmt: skip
    assert divergence == pytest.approx(0.0, abs=1e-6)
    assert found.item() == pytest.approx(-1.0, abs=1e-3), 'the ratio is 1, and so is the advantage'
    assert missed > 0


def test_truncation_is_no_fall():
    walk = explorer(student())
    walk._worlds.steps[:4] = simulated_robot('walker2d').episode_steps - 1
    walk._worlds.qpos[4:, 1] = 0.1  # on the ground
    rollout = walk.collect(1, SPREAD)
    walk.close()
    assert rollout.ended[0].all()
    assert rollout.fallen[0].tolist() == [False] * 4 + [True] * 4


def test_privileged_state_ends_with_the_episode():
    walk = explorer(student('gru'))
    rollout = walk.collect(40, SPREAD)
    while not rollout.ended[:-1].any():
        rollout = walk.collect(40, SPREAD)
    faults = walk._students.faults.has.shape[1]
    walk.close()
    goes_on = ~rollout.ended[:-1]
    np.testing.assert_array_equal(rollout.after[:-1][goes_on], rollout.before[1:][goes_on])
    over = rollout.ended[:-1]
    first, last = rollout.before[1:][over], rollout.after[:-1][over]
    assert (np.abs(first[:, :17] - last[:, :17]).max(axis=1) > 0.1).all()
    np.testing.assert_array_equal(last[:, -faults:], rollout.before[:-1][over][:, -faults:])


def one_batch(ratio, advantage):
    """One sample whose action is ``ratio`` times as likely now as in the rollout."""
    torch.manual_seed(0)
    model = student('gru')
    observation, elapsed = torch.randn(1, 1, 14), torch.ones(1, 1, 1)
    state = model.initial_state(1)
    with torch.no_grad():
        action, _ = model.sequence(observation, elapsed, state)
    likelihood = -torch.tensor(SPREAD).log().sum() - float(np.log(ratio))
    batch = {
        'observation': observation, 'elapsed': elapsed, 'state': state, 'action': action,
        'likelihood': likelihood.reshape(1, 1, 1), 'target': observation[..., :8],
        'advantage': torch.full((1, 1, 1), advantage),
        **{name: torch.ones(1, 1, 1) for name in ('acted', 'foretold')},
    }  # fmt: skip
    return model, batch


@pytest.mark.parametrize(
    ('ratio', 'advantage', 'loss'),
    [(1.1, 1.0, -1.1), (1.5, 1.0, -1.2), (0.5, 1.0, -0.5), (1.5, -1.0, 1.5), (0.5, -1.0, 0.8)],
)
def test_ratio_is_clipped(ratio, advantage, loss):
    model, batch = one_batch(ratio, advantage)
    only = FineTuningSettings(beyond_weight=0.0, prediction_weight=0.0)
    found, divergence, _ = loss_of(only, model, torch.from_numpy(SPREAD).log(), batch)
    assert found.item() == pytest.approx(loss, rel=1e-4)
    assert divergence == pytest.approx(ratio - 1.0 - np.log(ratio), rel=1e-3)


def test_prediction_uses_the_sent_action():
    model, batch = one_batch(1.0, 0.0)
    spread, only = torch.from_numpy(SPREAD).log(), FineTuningSettings(beyond_weight=0.0)
    found = [
        loss_of(only, model, spread, {**batch, 'action': torch.full((1, 1, 6), sent)})[2]
        for sent in (0.2, -0.2, 1.0, 5.0)
    ]
    assert len({round(value, 6) for value in found}) == 3, 'the last two are sent alike'
    assert found[2] == found[3]


def test_noisy_sequences_weigh_the_same():
    """Predicting no change has exactly the error of persistence, 1, however large it is."""
    model, batch = one_batch(1.0, 0.0)
    with torch.no_grad():
        model.prediction.weight.zero_()
        model.prediction.bias.zero_()
    only, spread = FineTuningSettings(), torch.from_numpy(SPREAD).log()
    for off in (0.05, 0.5, 1.5):
        target = batch['observation'][..., :8] + off
        assert loss_of(only, model, spread, {**batch, 'target': target})[2] == pytest.approx(1.0)
    hardly = batch['observation'][..., :8] + 1e-3
    assert loss_of(only, model, spread, {**batch, 'target': hardly})[2] < 0.01


def test_updates_stop_beyond_the_divergence(tmp_path):
    training = tuning(tmp_path, warm_up=2, rounds=4, most_change=1e-12)

    def weights():
        return [value.clone() for value in training._explored.parameters()]

    def same(first, second):
        return all(torch.equal(*pair) for pair in zip(first, second, strict=True))

    begun = weights()
    for _ in range(2):
        assert 'updates' not in training.advance()
    assert same(begun, weights())
    assert training.advance()['updates'] == 1, 'after the first it has moved'
    assert not same(begun, weights())
    training.close()


def test_step_size_adapts_to_divergence(tmp_path, monkeypatch):
    for name in ('far', 'near'):
        (tmp_path / name).mkdir()
    far = tuning(tmp_path / 'far', rounds=6, most_change=1e-12)
    rates, step = [], far._optimizer.step
    monkeypatch.setattr(far._optimizer, 'step', lambda rate: (rates.append(rate), step(rate)))
    for _ in range(4):
        far.advance()
    schedule = [share / 30 * (1 - (share - 1) / 5) for share in (1, 2, 3)]
    expected = [far.settings.learning_rate * s * 0.8**n for n, s in enumerate(schedule)]
    assert rates == pytest.approx(expected), 'one step a round'
    far.save()
    assert far._pace == pytest.approx(0.8**3), 'in the first round the estimate learns alone'
    again = tuning(tmp_path / 'far', rounds=6, most_change=1e-12)
    assert again._pace == far._pace
    near = tuning(tmp_path / 'near', rounds=40, most_change=10.0)
    near._pace = 0.95
    found = []
    for _ in range(5):
        near.advance()
        found.append(near._pace)
    assert found == pytest.approx([0.95, 0.95 * 1.03, 1.0, 1.0, 1.0])
    for training in (far, again, near):
        training.close()


def test_samples_lie_around_the_output():
    walk = explorer(student('mlp'), Conditions((), ramp=0.0), 64)
    rollout = walk.collect(20, SPREAD)
    walk.close()
    series = rollout.series
    model = student('mlp')
    with torch.no_grad():
        asked, _, _ = model.step(
            torch.from_numpy(series['observation'].reshape(-1, 14)),
            torch.from_numpy(series['elapsed'].reshape(-1, 1)), model.initial_state(64 * 20),
        )  # fmt: skip
    off = series['action'].reshape(-1, 6) - asked.numpy()
    np.testing.assert_allclose(off.std(0), SPREAD, rtol=0.1)
    np.testing.assert_allclose(off.mean(0), 0.0, atol=0.05)
    normal = torch.distributions.Normal(asked, torch.from_numpy(SPREAD))
    expected = normal.log_prob(torch.from_numpy(series['action'].reshape(-1, 6))).sum(1)
    shifted = series['likelihood'].reshape(-1) - 3.0 * np.log(2.0 * np.pi)
    np.testing.assert_allclose(shifted, expected.numpy(), atol=1e-4)


def test_a_policy_goes_where_the_reward_is(tmp_path):
    """The reward is the closeness of the sent action to 0.5, and there is no other signal."""
    wanted = 0.5
    training = tuning(
        tmp_path, student('gru'), Conditions((), ramp=0.0), rounds=120, warm_up=5, walkers=32,
        steps=16, learning_rate=3e-3, spread=0.3, discount=0.0,
    )  # fmt: skip
    walkers, step = training._explorer._worlds, training._explorer._worlds.step

    def rewarded(action, lengths=None):
        _, fallen = step(action, lengths)
        return -np.abs(action - wanted).mean(1), np.zeros_like(fallen)

    walkers.step = rewarded
    first = training.advance()
    while training.done < 120:
        last = training.advance()
    training.close()
    assert first['reward'] < -0.45
    assert last['reward'] > -0.25
    assert last['spread'] < first['spread']


def test_the_estimate_learns_the_return():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    truth = rng.normal(3.0, 2.0, (64, 32, 5)).astype(np.float32)
    returns = 100.0 + 40.0 * truth[..., 0]
    value = Value(5, 200.0)
    value.measure(truth)
    errors = [value.learn(truth, returns, 1, rng) for _ in range(30)]
    assert errors[-1] < 0.02 * errors[0]
    assert np.corrcoef(value.of(truth).flat, returns.flat)[0, 1] > 0.94
