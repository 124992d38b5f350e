"""What data sets and footings may ask of the shared training: folds, weights, order, dropping."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from test_footing import Classes, Waves, run_of

from liquid_control.study import model as models
from liquid_control.study import objective
from liquid_control.study.batches import Shuffled, tensors
from liquid_control.study.carry_out import carry_out, results
from liquid_control.study.evaluate import load, outputs
from liquid_control.study.footing import Footing
from liquid_control.study.run import Recipe, ResultStore, Run
from liquid_control.study.train import learning_rate, train

CPU = torch.device('cpu')


class Folds(Classes):
    """Each seed turns the test sequences into others."""

    def __init__(self, seed: int = 0):
        self.seed = seed

    def of_run(self, run):
        return Folds(run.seed)

    def load(self):
        split = super().load()
        return replace(split, test=split.test.take(np.arange(4 * self.seed, 4 * self.seed + 4)))

    def extra(self, model, split):
        return {'first': split.test.x[0, 0, 0].item()}


class Carried(Waves):
    carried = True


class Weighted(Classes):
    positive_weight = 3.0


def trained(run, folder, stops=()):
    data, split = Classes(), Classes().load()
    store = ResultStore(folder, 'waves')
    for stop in (*stops, 99):

        def report(share, text, stop=stop):
            if share * run.recipe.updates > stop:
                raise KeyboardInterrupt

        model = data.build(run, split.train)
        try:
            train(run, model, split, store, report, objective.of(data))
        except KeyboardInterrupt:
            assert stop < 99
    return load_file(store.weights(run))


def test_a_batch_has_sequences_of_like_length():
    part = Classes().load().train
    batches = Shuffled(part, 4, 0, CPU, by_length=True)
    rows = [batches.rows(update) for update in range(batches.round)]
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(len(part)))
    spread = [np.ptp(part.lengths[some]) for some in rows]
    mixed = Shuffled(part, 4, 0, CPU)
    assert sum(spread) < sum(np.ptp(part.lengths[mixed.rows(n)]) for n in range(mixed.round))
    assert [some.tolist() for some in rows] != [
        batches.rows(update).tolist() for update in range(batches.round, 2 * batches.round)
    ]


def test_a_resumed_run_drops_the_same(tmp_path):
    run = run_of()
    run = replace(
        run,
        recipe=replace(run.recipe, weight_decay=0.1, by_length=True, batch=8),
        model={**run.model, 'dropped': 0.3},
    )
    whole, other = trained(run, tmp_path / 'whole'), trained(run, tmp_path / 'other', (1, 3, 5))
    assert all(torch.equal(whole[name], other[name]) for name in whole)
    without = trained(replace(run, model={'budget': 2000}), tmp_path / 'without')
    assert any(not torch.equal(whole[name], without[name]) for name in whole)


def test_weight_decay_shrinks_the_weights(tmp_path):
    run = run_of(40)
    recipe = replace(run.recipe, weight_decay=5.0, best_round=False)
    plain = trained(replace(run, recipe=replace(recipe, weight_decay=0.0)), tmp_path / 'plain')
    decayed = trained(replace(run, recipe=recipe), tmp_path / 'decayed')
    assert decayed['encoder.weight'].norm() < 0.5 * plain['encoder.weight'].norm()


def test_steps_are_a_factor_a_round():
    recipe = Recipe(20, 0.1, every=5, schedule='steps', decay=0.5)
    run = Run('a', 'recipes', 'gru', 0, recipe)
    rates = [learning_rate(run, update, 100) for update in (0, 4, 5, 19)]
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.0125])


def test_the_weight_of_a_class_counts_sequences():
    part = Weighted().load().train
    batch = tensors(part, slice(0, 6), CPU)
    rows = np.concatenate(
        [np.repeat(row, 3 if part.target[row, 0] > 0.5 else 1) for row in range(6)]
    )
    output = torch.linspace(-1, 1, 6)[:, None]
    weighted = objective.of(Weighted()).loss(output, batch)
    repeated = objective.of(Classes()).loss(output[rows], tensors(part, rows, CPU))
    torch.testing.assert_close(weighted, repeated)


def test_carried_values_are_seen_once_measured():
    part = Carried().load().train
    model = models.build('gru', {'units': 16}, Carried(), part, 0)
    assert model.encoder.in_features == 3 * 2 + 1
    known = np.maximum.accumulate(part.measured, axis=1)
    never, later = ~known, known & ~part.measured
    assert never.any()
    assert later.any()
    before, same, other = (
        outputs(model, replace(part, x=np.where(where, 9.0, part.x).astype(np.float32)))
        for where in (np.zeros_like(never), never, later)
    )
    np.testing.assert_allclose(same[part.present], before[part.present], atol=1e-5)
    assert np.abs(other - before)[part.present].max() > 0.01


def test_inputs_are_cut_at_some_deviations():
    part = Waves().load().train
    model = models.build('gru', {'units': 16, 'cut': 2.0}, Waves(), part, 0)
    x, elapsed = torch.from_numpy(part.x[:2, :5]), torch.from_numpy(part.elapsed[:2, :5])
    far, farther = (
        model(torch.where(x > 0, model.mean + far * model.std, x), elapsed)[1] for far in (2.5, 9.0)
    )
    torch.testing.assert_close(far, farther)
    assert not torch.equal(far, model(x, elapsed)[1])
    assert Footing(('gru',), cut=2.0).runs({})[0].model == {'budget': 20_000, 'cut': 2.0}
    with pytest.raises(ValueError, match='cut: expected more than 0, found 0'):
        Footing(cut=0)


def test_each_seed_has_its_own_fold(tmp_path):
    footing = Footing(('gru',), (2000,), updates=2, rounds=1, seeds=2, learning_rates=(0.01,))
    other = replace(run_of(2), name='other-seed1', part='other', seed=1)
    store = ResultStore(tmp_path, 'waves')
    *_, progress = carry_out(footing, store, Folds(), others=[other])
    assert not progress.failed
    found = results(footing, store, Folds(), [other])
    test = Classes().load().test.x
    firsts = {name: result['first'] for name, result in found.items()}
    assert firsts == {
        'comparison-gru-2000-seed0': test[0, 0, 0], 'comparison-gru-2000-seed1': test[4, 0, 0],
        'other-seed1': test[4, 0, 0],
    }  # fmt: skip
    split, run = Folds().load(), Run.of(found['comparison-gru-2000-seed0'])
    model = Folds().build(run, split.train)
    load(model, run, store)
    score = Folds().scores(outputs(model, split.test), split.test)['accuracy']
    assert score == found[run.name]['test_accuracy']


def test_rare_settings_are_written_if_set():
    plain, other = Recipe(1, 0.1), Recipe(1, 0.1, weight_decay=0.1, by_length=True)
    assert not {'weight_decay', 'by_length'} & set(plain.to_dict())
    assert {'weight_decay': 0.1, 'by_length': True}.items() <= other.to_dict().items()
    for recipe in (plain, other):
        run = Run('a', 'comparison', 'gru', 0, recipe, {'units': 8})
        assert Run.of({'run': json.loads(json.dumps(run.to_dict()))}) == run


def test_kept_weights_must_be_there(tmp_path):
    run, split = run_of(), Classes().load()
    with pytest.raises(ValueError, match=r'comparison-gru-2000-seed0\.safetensors: no such file'):
        load(Classes().build(run, split.train), run, ResultStore(tmp_path, 'waves'))
