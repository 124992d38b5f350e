"""The study of mortality on made patients: training, resuming, another set, wrong arguments."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from icu_sets import made, write_archive, write_folder

from liquid_control.cli import main as cli
from liquid_control.run_folder import alone_in
from liquid_control.study import objective
from liquid_control.study.evaluate import outputs
from liquid_control.study.icu import dataset, published_model
from liquid_control.study.icu.plan import BUDGET, RECIPES, Plan, published_run
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.icu.summary import summarize
from liquid_control.study.icu.variables import NAMES
from liquid_control.study.model import moments
from liquid_control.study.run import COMPARISON, Recipe, ResultStore, Run
from liquid_control.study.train import train

PARTS = pytest.mark.parametrize('part', [COMPARISON, RECIPES])


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp('set'), *made(120))


@pytest.fixture(scope='module')
def data(folder):
    return dataset.IcuData(folder)


@pytest.fixture(scope='module')
def split(data):
    return data.load()


def small_run(epochs=3, part=COMPARISON):
    model = {'units': 8, 'settings': {}, 'positive_weight': 1.0}
    recipe = Recipe(3 * epochs, 0.01, 32, 3, best_round=part == COMPARISON, by_length=True)
    return Run('small', part, 'gru', 0, recipe, model)


def trained(run, data, folder):
    """The run's model, and the result of its training."""
    own = data.of_run(run)
    split = own.load()
    model, store = own.build(run, split.train), ResultStore(folder, split.sha256)
    return model, train(run, model, split, store, lambda *_: None, objective.of(own))


def study(folder, out, *more):
    return ['study', 'icu', '--data', str(folder), '--out', str(out), *more]


def test_training_finds_the_fast_hearts(data, split, tmp_path):
    run = replace(small_run(), recipe=Recipe(60, 0.02, 16, 5, best_round=True))
    model, _ = trained(run, data, tmp_path)
    assert data.measured(model, split.test)['test_auroc'] > 0.9


def test_best_epoch_is_kept(data, split, tmp_path):
    model, result = trained(small_run(6), data, tmp_path)
    areas = [point['validation_auroc'] for point in result['curve']]
    assert result['kept_update'] == 3 * (1 + int(np.argmax(areas)))
    kept = data.scores(outputs(model, split.validation), split.validation)['auroc']
    assert kept == pytest.approx(max(areas))
    assert result['validation_auroc'] == max(areas)


def test_recipes_validate_nothing(data, split, tmp_path):
    run = small_run(part=RECIPES)
    own = data.of_run(run).load()
    assert own.validation is None
    assert set(own.train.names) == {*split.train.names, *split.validation.names}
    _, result = trained(run, data, tmp_path)
    assert 'validation_auroc' not in result
    assert result['kept_update'] == run.recipe.updates


def test_seeds_test_other_patients(data):
    tested = [
        set(data.of_run(replace(small_run(), seed=seed)).load().test.names) for seed in range(5)
    ]
    assert len(set.union(*tested)) == sum(map(len, tested)) == 120


@PARTS
def test_padding_changes_no_logit(data, split, part):
    run = small_run(part=part)
    model, part = data.of_run(run).build(run, split.train), split.test
    whole = outputs(model, part)
    for row in range(3):
        alone = outputs(model, part.take(np.array([row])))
        np.testing.assert_allclose(alone[0], whole[row], atol=1e-5)


@PARTS
def test_unmeasured_values_do_not_matter(data, split, part):
    run = small_run(part=part)
    model, part = data.of_run(run).build(run, split.train), split.test
    known = np.maximum.accumulate(part.measured, axis=1)
    other = replace(part, x=np.where(known, part.x, 7.0).astype(np.float32))
    np.testing.assert_array_equal(outputs(model, part), outputs(model, other))


def test_scales_are_of_measured_values(split):
    measured = split.train.measured[..., NAMES.index('HR')]
    values = split.train.x[..., NAMES.index('HR')][measured]
    mean, std = moments(split.train.x, split.train.measured)
    assert mean[NAMES.index('HR')] == pytest.approx(values.mean(), rel=1e-5)
    assert std[NAMES.index('HR')] == pytest.approx(values.std(), rel=1e-4)
    assert (mean[NAMES.index('Lactate')], std[NAMES.index('Lactate')]) == (0, 1)
    low, high = published_model.extremes(split.train)
    assert (low[NAMES.index('HR')], high[NAMES.index('HR')]) == (values.min(), values.max())


def test_weight_of_deaths_is_taken_back(split):
    plain, weighted = dataset.IcuData('set'), dataset.IcuData('set', positive_weight=11.69)
    logit = np.linspace(-3, 3, len(split.test))[:, None]
    np.testing.assert_allclose(
        weighted.corrected(logit + np.log(11.69)), plain.corrected(logit), atol=1e-12
    )


def test_published_recipes_can_be_built(data, split):
    for cell, row in PUBLISHED.items():
        run = published_run(cell, 0)
        model = data.of_run(run).build(run, split.train)
        assert model.cell.output_size == row.units
        assert run.recipe.updates == row.epochs * -(-3200 // row.batch)


def test_choice_is_the_greatest_area():
    footing = Plan(cells=('gru',), seeds=1, rates=(0.1, 0.2, 0.3)).footing
    runs = footing.tuning()
    found = {
        run.name: {'validation_auroc': area}
        for run, area in zip(runs, (0.7, 0.9, 0.8), strict=True)
    }
    assert footing.choose(found, 'auroc', greater=True) == {('gru', BUDGET): 0.2}
    del found[runs[0].name]
    assert footing.choose(found, 'auroc', greater=True) == {}


def test_difference_is_of_the_same_patients():
    died, logit = [0, 1] * 30, np.random.default_rng(0).normal(size=60)

    def result(cell, shift):
        run = Run(cell, COMPARISON, cell, 0, Recipe(1, 0.1), {'budget': 1})
        costs = 'seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'
        scores = 'auprc', 'brier', 'ece', 'intercept', 'slope'
        return {
            'run': run.to_dict(), 'logit': (logit + shift * np.array(died)).tolist(), 'died': died,
            **{f'test_{name}': 0.5 for name in scores}, 'test_auroc': 0.5 + shift / 10,
            **dict.fromkeys(costs, 1.0),
        }  # fmt: skip

    results = [result('worse', 0.0), result('best', 2.0), result('same', 2.0)]
    best, same, worse = summarize(results, dataset.IcuData(Path()))['comparison']
    assert best['from_best']['mean'] == same['from_best']['mean'] == 0
    assert same['from_best'] == {'mean': 0, 'low': 0, 'high': 0}
    assert worse['from_best']['high'] < 0
    assert worse['differences'][best['cell']] == worse['from_best']
    assert best['differences'][worse['cell']]['low'] == -worse['from_best']['high']


def test_small_study_and_another_set(folder, tmp_path, capsys):
    out = tmp_path / 'out'
    command = study(folder, out, '--quick', '--cells', 'gru', '--epochs', '1', '--seeds', '1')
    assert cli.main(command) == 0
    said = ''.join(capsys.readouterr().out.split())
    assert 'results.json,report.html' in said
    assert 'quickrun:' in said
    text = (out / 'results.json').read_text()
    whole = json.loads(text)
    assert not whole['published_data']
    assert whole['cleaning']['patients'] == 120
    baselines = whole['summary']['baselines']
    assert [row['score'] for row in baselines] == ['SAPS-I', 'SOFA', 'logistic regression']
    assert baselines[2]['means']['auroc']['mean'] > 0.9  # the heart rate tells
    assert 0 <= whole['summary']['comparison'][0]['means']['auroc']['mean'] <= 1
    assert whole['complete'] == 'quick'
    assert 'logit' not in text
    page = (out / 'report.html').read_text()
    for text in ('Baselines, AUROC: SAPS-I', 'test brier', 'AUPRC', 'Reliability'):
        assert text in page
    other = write_folder(tmp_path / 'other', *made(60, seed=1))
    assert cli.main([*command, '--test-data', str(other)]) == 0
    assert json.loads((out / 'other_set.json').read_text())['cleaning']['patients'] == 60
    (other / 'Outcomes-a.txt').unlink()
    assert cli.main([*command, '--test-data', str(other)]) == 1
    assert 'expected Outcomes-a.txt or Outcomes-a.csv' in capsys.readouterr().err


def test_list_needs_no_data(capsys):
    assert cli.main(['study', 'icu', '--list', '--cells', 'cfc', '--seeds', '1']) == 0
    names = capsys.readouterr().out.split()
    assert f'comparison-cfc-{BUDGET}-seed0' in names
    assert 'recipes-cfc-seed0' in names
    assert len([name for name in names if name.startswith('tuning')]) == 3


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        (['--cells', 'cfcc'], "cell 'cfcc'"),
        (['--part', 'recipe'], "part 'recipe'"),
        (['--runs', 'none*'], 'matches no run'),
    ],
)
def test_wrong_arguments_are_named(folder, tmp_path, capsys, more, expected):
    assert cli.main(study(folder, tmp_path / 'out', *more)) == 1
    assert expected in capsys.readouterr().err


def test_data_are_asked_for(capsys):
    assert cli.main(['study', 'icu', '--cells', 'gru']) == 1
    assert '--data: expected the folder' in capsys.readouterr().err


def test_results_of_another_study_are_kept(folder, tmp_path, capsys):
    (tmp_path / 'weights').mkdir()
    path = tmp_path / 'results.json'
    path.write_text('{"study": "synthetic"}')
    assert cli.main(study(folder, tmp_path)) == 1
    assert 'holds results of study synthetic' in capsys.readouterr().err
    assert path.read_text() == '{"study": "synthetic"}'


def test_a_second_process_is_refused(folder, tmp_path, capsys):
    with alone_in(tmp_path):
        assert cli.main(study(folder, tmp_path)) == 1
    assert f'{tmp_path}: another process is working there' in capsys.readouterr().err


@pytest.mark.parametrize('change', [{'died': None}, {'logit': [0.0]}])
def test_an_altered_result_is_named(data, split, tmp_path, change):
    model, result = trained(small_run(1), data, tmp_path)
    scores = data.scores(outputs(model, split.test), split.test)
    kept = {
        'run': small_run(1).to_dict(), **result, **data.extra(model.eval(), split),
        **{f'test_{name}': score for name, score in scores.items()},
    }  # fmt: skip
    summarize([kept], data)
    with pytest.raises(ValueError, match=r'runs/small.json: expected as many logit as died'):
        summarize([{**kept, **change}], data)
