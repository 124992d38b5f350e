"""Any data set on the same footing: masks, padding, classes, and the round that is kept."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from liquid_control import cells
from liquid_control.cli.parser import Parser
from liquid_control.cli.study.compared import add_compared_arguments, compare
from liquid_control.models import parameters
from liquid_control.study import model as models
from liquid_control.study import objective
from liquid_control.study.carry_out import carry_out, failures, keeping, results
from liquid_control.study.evaluate import outputs
from liquid_control.study.footing import Footing, at_end
from liquid_control.study.run import ResultStore
from liquid_control.study.sequences import Sequences, Split, StudyData
from liquid_control.study.train import train


def sequences(count: int, seed: int, binary: bool = False) -> Sequences:
    """Noisy waves of 5 to 9 steps with masks; the class is the sign of the mean."""
    rng = np.random.default_rng(seed)
    present = np.arange(9)[None] < rng.integers(5, 10, count)[:, None]
    observed = (rng.random((count, 9, 2)) < 0.8) & present[..., None]
    level = rng.normal(size=(count, 1, 2))
    x = np.where(observed, level + 0.1 * rng.normal(size=(count, 9, 2)), 0.0).astype(np.float32)
    elapsed = np.where(present[..., None], rng.uniform(0.5, 2.0, (count, 9, 1)), 0.0)
    target = level[:, 0, :1] > 0 if binary else 0.9 * x
    return Sequences(x, elapsed.astype(np.float32), target.astype(np.float32), present, observed)


class Waves(StudyData):
    name, title = 'waves', 'Waves'

    def load(self) -> Split:
        parts = (sequences(count, seed, self.binary) for seed, count in enumerate((40, 12, 12)))
        return Split(*parts, sha256='waves')

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        errors = ((output - sequences.target) ** 2)[sequences.present]
        return {'mse': float(errors.mean()), 'rmse': float(errors.mean() ** 0.5)}

    def extra(self, model, split):
        return {'length': int(split.test.lengths[0])}


class Classes(Waves):
    name, title, criterion, greater, binary = 'classes', 'Classes', 'accuracy', True, True

    def scores(self, output: np.ndarray, sequences: Sequences) -> Mapping[str, float]:
        return {'accuracy': float(np.mean((output > 0) == (sequences.target > 0.5)))}


FOOTING = Footing(('gru', 'cfc'), (2000,), updates=6, rounds=3, batch=8, seeds=1,
                  learning_rates=(0.01, 0.05), tuning_share=0.5)  # fmt: skip


def run_of(updates: int = 8, rate: float = 0.02):
    only = Footing(('gru',), (2000,), updates=updates, rounds=4, seeds=1, learning_rates=(rate,))
    (run,) = only.runs({})
    return run


@pytest.mark.parametrize('data', [Waves(), Classes()], ids=['frames', 'classes'])
@pytest.mark.parametrize('cell', cells.names())
def test_padding_does_not_change_the_output(data, cell):
    part = sequences(3, 0, data.binary)
    model = models.build(cell, {'units': 16}, data, part, 0)
    together = outputs(model, part)
    for row in range(3):
        alone = outputs(model, part.take(np.array([row])))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


def test_a_forecast_continues_from_its_state():
    part = Waves().load().train
    model = models.build('gru', {'units': 16}, Waves(), part, 0).eval()
    x, elapsed = torch.from_numpy(part.x[:1, :5]), torch.from_numpy(part.elapsed[:1, :5])
    with torch.no_grad():
        whole, _ = model(x, elapsed)
        first, state = model(x[:, :3], elapsed[:, :3])
        second, _ = model(x[:, 3:], elapsed[:, 3:], state=state)
    assert torch.allclose(whole, torch.cat([first, second], dim=1), atol=1e-6)


@pytest.mark.parametrize('data', [Waves(), Classes()], ids=['frames', 'classes'])
def test_a_resumed_run_keeps_the_same_round(data, tmp_path):
    run, split, weights = run_of(), data.load(), []
    measured = []
    for name, stops in (('whole', ()), ('other', (1, 3, 5))):
        store = ResultStore(tmp_path / name, 'waves')
        for stop in (*stops, 99):

            def report(share, text, stop=stop):
                if share * run.recipe.updates > stop:
                    raise KeyboardInterrupt

            model = models.build(run.cell, run.model, data, split.train, run.seed)
            try:
                measured.append(train(run, model, split, store, report, objective.of(data)))
            except KeyboardInterrupt:
                assert stop < 99
        weights.append(load_file(store.weights(run)))
    whole, other = measured
    assert whole['curve'] == other['curve']
    assert whole['kept_update'] == other['kept_update']
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize('data', [Waves(), Classes()], ids=['frames', 'classes'])
def test_the_best_round_is_kept(data, tmp_path):
    run, split = run_of(40, 0.3), data.load()
    model = models.build(run.cell, run.model, data, split.train, run.seed)
    found = train(run, model, split, ResultStore(tmp_path, 'waves'), lambda *_: None,
                  objective.of(data))  # fmt: skip
    name = f'validation_{data.criterion}'
    curve = [point[name] for point in found['curve']]
    assert found[name] == (max(curve) if data.greater else min(curve))
    again = data.scores(outputs(model, split.validation), split.validation)[data.criterion]
    assert again == found[name]


def test_training_learns_the_classes(tmp_path):
    run, data, split = run_of(60, 0.02), Classes(), Classes().load()
    model = models.build(run.cell, run.model, data, split.train, run.seed)
    train(run, model, split, ResultStore(tmp_path, 'waves'), lambda *_: None, objective.of(data))
    assert data.scores(outputs(model, split.test), split.test)['accuracy'] > 0.8


def test_scales_count_only_what_was_measured():
    part = sequences(50, 0)
    found = models.scales(part, binary=True)
    for channel in range(2):
        values = part.x[..., channel][part.observed[..., channel]]
        assert found.mean[channel] == pytest.approx(values.mean(), abs=1e-4)
        assert found.std[channel] == pytest.approx(values.std(), abs=1e-4)


def test_masked_models_meet_the_budget():
    part = sequences(5, 0)
    model = models.build('lstm', {'budget': 5000}, Waves(), part, 0)
    assert abs(parameters(model) - 5000) < 300


def test_a_study_runs_and_resumes(tmp_path):
    store = ResultStore(tmp_path, 'waves')
    *_, progress = carry_out(FOOTING, store, Waves())
    assert not progress.failed
    found = results(FOOTING, store, Waves())
    assert len(found) == 6
    compared = found['comparison-gru-2000-seed0']
    assert compared['test_rmse'] == pytest.approx(compared['test_mse'] ** 0.5)
    assert compared['length'] == Waves().load().test.lengths[0]
    assert 'test_mse' not in found['tuning-gru-2000-lr0.01']
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / 'runs').iterdir()}
    *_, again = carry_out(FOOTING, store, Waves())
    assert again.done == 6
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / 'runs').iterdir()}


def test_the_mean_over_seeds_chooses_the_step_size():
    footing = replace(FOOTING, cells=('gru',), tuning_seeds=2)
    runs = footing.tuning()
    assert [run.name for run in runs][:2] == [
        'tuning-gru-2000-lr0.01-seed0', 'tuning-gru-2000-lr0.01-seed1',
    ]  # fmt: skip
    assert [run.seed for run in runs] == [0, 1, 0, 1]
    found = {
        run.name: {'validation_mse': score}
        for run, score in zip(runs, (0.5, 0.1, 0.4, 0.4), strict=True)
    }
    assert footing.choose(found) == {('gru', 2000): 0.01}
    del found[runs[0].name]
    assert footing.choose(found) == {}


@pytest.mark.parametrize('best_round', [True, False])
def test_without_validation_the_last_weights_are_kept(tmp_path, best_round):
    run, data = run_of(), Waves()
    run = replace(run, recipe=replace(run.recipe, best_round=best_round))
    split = replace(data.load(), validation=None)
    model = models.build(run.cell, run.model, data, split.train, 0)
    before = model.prediction.weight.detach().clone()
    store = ResultStore(tmp_path, 'waves')
    found = train(run, model, split, store, lambda *_: None, objective.of(data))
    assert found['kept_update'] == run.recipe.updates
    assert not torch.equal(before, model.prediction.weight)
    assert torch.equal(load_file(store.weights(run))['prediction.weight'], model.prediction.weight)


def test_a_score_without_a_value_is_a_failure(tmp_path):
    store = ResultStore(tmp_path, 'waves')
    with keeping(run_of(), store) as result:
        result |= {'seconds': 1.0, 'test_mse': math.nan}
    assert failures({'a': store.result(run_of())}) == {'a': 'test_mse is nan'}


def test_the_greatest_score_chooses_the_step_size():
    names = [run.name for run in FOOTING.tuning()]
    found = {name: {'validation_auroc': 0.5 + 0.1 * ('lr0.05' in name)} for name in names}
    chosen = FOOTING.choose(found, 'auroc', greater=True)
    assert chosen == {('gru', 2000): 0.05, ('cfc', 2000): 0.05}
    assert at_end(0.05, FOOTING.learning_rates)
    assert not at_end(0.02, (0.01, 0.02, 0.03))


@pytest.mark.parametrize(
    ('more', 'says'),
    [
        ({'cells': ('lsmt',)}, r"unknown cell 'lsmt' \(did you mean 'lstm'\?\)"),
        ({'size': 'width'}, 'size: expected budget or units'),
        ({'seeds': 0}, 'seeds: expected 1 or more, found 0'),
    ],
)
def test_a_wrong_footing_is_named(more, says):
    with pytest.raises(ValueError, match=says):
        Footing(**more)


def test_a_study_of_ones_own_writes_its_results(tmp_path, capsys):
    parser = Parser(prog='study')
    add_compared_arguments(parser, 'waves', 6)
    out = tmp_path / 'out'
    args = parser.parse_args(['--out', str(out), '--quick', '--workers', '2'])
    assert compare(args, 'waves', FOOTING, [Waves()]) == 0
    whole = json.loads((out / 'results.json').read_text())
    assert whole['complete'] == 'quick'
    rows = whole['data']['waves']['summary']
    scores = {row['cell']: row['scores']['test_mse']['iqm'] for row in rows}
    assert list(scores) == sorted(scores, key=scores.__getitem__)
    assert set(scores) == {'gru', 'cfc'}
    assert all(row['at_end_of_grid'] for row in rows)
    said = capsys.readouterr().out
    assert '(end)' in said
    assert 'test rmse' in said
    assert '<h1>Waves<' in (out / 'report.html').read_text()


def test_a_failed_training_is_named(tmp_path, capsys):
    footing = replace(FOOTING, cells=('gru',), learning_rates=(1e30,), updates=4)
    parser = Parser(prog='study')
    add_compared_arguments(parser, 'waves', 6)
    args = parser.parse_args(['--out', str(tmp_path / 'out')])
    assert compare(args, 'waves', footing, [Waves()]) == 1
    assert 'comparison-gru-2000-seed0: ' in capsys.readouterr().err
