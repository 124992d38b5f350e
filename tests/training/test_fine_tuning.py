"""Fine-tuning: correct estimates, one policy in rollouts and updates, exact resumption."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from students import TEACHER, fine_tuning, settings, student
from support import ROBOT

from liquid_control import cells
from liquid_control.models import Normalizer
from liquid_control.sim import simulated_robot
from liquid_control.training.finite import NotFiniteError
from liquid_control.training.student import imitation
from liquid_control.training.student.chunks import sequences
from liquid_control.training.student.conditions import Chance, Conditions
from liquid_control.training.student.exploration import Explorer, Rollout
from liquid_control.training.student.fine_tuning import FineTuning
from liquid_control.training.student.fine_tuning import surrogate as loss_of
from liquid_control.training.student.settings import FineTuningSettings
from liquid_control.training.student.train import train_student
from liquid_control.training.student.value import Value, advantages

SPREAD = np.full(6, 0.3, dtype=np.float32)
ALL = Conditions(
    (Chance(0.5, ('gaussian:0.1',)), Chance(0.5, ('dropped:0.3',)), Chance(0.7, ('delay:2',)),
     Chance(0.5, ('jitter:0.25',))), ramp=0.0,
)  # fmt: skip


def explorer(model, conditions=ALL, count=8):
    return Explorer(model, count, 0, conditions)


def tuning(folder, model=None, conditions=ALL, **changes):
    model = model or student('gru')
    whole = settings('gru', fine_tuning=fine_tuning(**changes), conditions=conditions, episodes=1)
    return FineTuning(whole, model, -1e9, folder, {}, [])


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


@pytest.fixture
def quick(monkeypatch):
    """Skips the long walk that measures the normaliser."""
    unit = Normalizer(np.zeros(8), np.ones(8), np.full(8, 0.1))
    monkeypatch.setattr(imitation, 'measure_normalizer', lambda *given: unit)


def trained(folder, stop_after=None, log=None, **changes):
    wanted = settings(rounds=2, readout=64, fine_tuning=fine_tuning(**changes))
    heard = []

    def report(share, text):
        heard.append(share)
        assert sorted(heard) == heard
        if stop_after is not None and len(heard) >= stop_after:
            raise KeyboardInterrupt

    return train_student(wanted, ROBOT, TEACHER, folder, report, log)


def train(*arguments, **changes):
    return trained(*arguments, **changes).model


@pytest.mark.parametrize('most_change', [10.0, 1e-12])  # the step size stays, or falls every round
def test_stopped_training_ends_the_same(tmp_path, quick, most_change):
    log, changes = tmp_path / 'log', {'checkpoint_every': 2, 'most_change': most_change}
    whole = train(tmp_path / 'a', **changes)
    for stop_after in (1, 2, 3, 1):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'b', stop_after, log, **changes)
    resumed = train(tmp_path / 'b', None, log, **changes)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    first, second = (load_file(tmp_path / k / 'fine_tuning.safetensors') for k in 'ab')
    assert all(torch.equal(first[name], second[name]) for name in first)
    rows = [json.loads(line) for line in (log / 'scalars.jsonl').read_text().splitlines()]
    assert [row['step'] for row in rows if 'reward' in row] == [3, 4, 5, 6]


def test_where_each_part_of_it_ran_is_kept(tmp_path, quick, monkeypatch):
    for torch_version, stop_after in (('1', 1), ('2', 3), ('2', 1)):
        monkeypatch.setattr('liquid_control.provenance.versions', lambda v=torch_version: {'t': v})
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, stop_after)
    monkeypatch.setattr('liquid_control.provenance.versions', lambda: {'t': '3'})
    history = trained(tmp_path).history
    found = [(part['from'], part['versions']['t']) for part in history]
    assert found == [(0, '1'), (1, '2'), (5, '3')], '2 rounds of imitation, then fine-tuning'
    assert trained(tmp_path).history == history, 'nothing was left to do'


def test_checkpoint_of_others_is_refused(tmp_path, quick):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 4)
    (tmp_path / 'checkpoint.safetensors').unlink()
    with pytest.raises(ValueError, match=r'fine_tuning\.safetensors is from another run .*trace'):
        train(tmp_path, trace=0.5)


def test_imitated_weights_stay_if_best(tmp_path):
    model = student('gru')
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training = tuning(tmp_path, model)
    training.averaged.keep(1e9)
    for _ in range(3):
        training.advance()
        training.judge()
    assert any(
        not torch.equal(v, before[n]) for n, v in training._explored.model.state_dict().items()
    )
    for name, value in training.result().state_dict().items():
        assert torch.equal(value, before[name]), name
    training.close()


def test_non_finite_parameter_is_named(tmp_path):
    training = tuning(tmp_path, warm_up=0)
    with torch.no_grad():
        training._explored.model.action.bias[0] = np.nan
    with pytest.raises(NotFiniteError, match=r'fine-tuning, round 0: .*action\.bias is not finite'):
        training.advance()
    training.close()


def test_non_finite_estimate_is_named(tmp_path, monkeypatch):
    training = tuning(tmp_path)
    collect, weight = training._explorer.collect, training._value.net[0].weight

    def spoiled(*given):
        rollout = collect(*given)
        rollout.reward[3, 1] = np.inf
        return rollout

    monkeypatch.setattr(training._explorer, 'collect', spoiled)
    with pytest.raises(NotFiniteError, match='round 0: the reward is not finite'):
        training.advance()
    monkeypatch.setattr(training._explorer, 'collect', collect)
    training._value.mean[0] = np.nan
    with pytest.raises(NotFiniteError, match='round 0: the return estimate is not finite'):
        training.advance()
    with torch.no_grad():
        weight[0, 0] = np.nan
    said = r'round 0, return estimate: parameter net\.0\.weight is not finite'
    with pytest.raises(NotFiniteError, match=said):
        training.advance()
    training.close()


@pytest.mark.parametrize(('name', 'term'), [('likelihood', 'policy'), ('target', 'prediction')])
def test_non_finite_loss_term_is_named(tmp_path, monkeypatch, name, term):
    training = tuning(tmp_path, warm_up=0)
    collect = training._explorer.collect

    def spoiled(*given):
        rollout = collect(*given)
        rollout.series[name][:] = np.nan
        return rollout

    monkeypatch.setattr(training._explorer, 'collect', spoiled)
    said = f'round 0: the loss is not finite: in its terms {term}$'
    with pytest.raises(NotFiniteError, match=said):
        training.advance()
    training.close()


def test_a_broken_checkpoint_is_named(tmp_path):
    (tmp_path / 'fine_tuning.safetensors').write_bytes(b'no')
    with pytest.raises(ValueError, match=r'fine_tuning\.safetensors: not a valid checkpoint'):
        tuning(tmp_path)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('walkers', 0),
        ('rounds', -1),
        ('rounds', 20),
        ('warm_up', -1),
        ('spread', 0.0),
        ('trace', 2),
    ],
)
def test_a_setting_without_sense_is_refused(name, value):
    with pytest.raises(ValueError, match=f'^{name}[a-z -]*: expected'):
        FineTuningSettings(**{name: value})
