"""The study of mortality on made patients: training, resuming, another set, wrong arguments."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from icu_sets import made, write_archive, write_folder

from liquid_control.cli import main as cli
from liquid_control.study.icu import dataset, models, plan, training
from liquid_control.study.icu.published import PUBLISHED
from liquid_control.study.icu.summary import summarize
from liquid_control.study.icu.variables import NAMES
from liquid_control.study.model import moments
from liquid_control.study.run import Recipe, ResultStore, Run


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp('set'), *made(120))


@pytest.fixture(scope='module')
def split(folder):
    return dataset.IcuData(folder).load()


def small_run(epochs=3, part=plan.COMPARISON):
    model = {'units': 8, 'settings': {}, 'weight_decay': 0.0, 'positive_weight': 1.0}
    return Run('small', part, 'gru', 0, Recipe(3 * epochs, 0.01, 32, 3), model)


def quiet(share, text):
    pass


def study(folder, out, *more):
    return ['study', 'icu', '--data', str(folder), '--out', str(out), *more]


def test_training_finds_the_fast_hearts(split, tmp_path):
    run = replace(small_run(), recipe=Recipe(60, 0.02, 16, 5))
    model, store = plan.build(run, split.train), ResultStore(tmp_path, split.sha256)
    training.train(run, model, split.train, split.validation, store, quiet)
    logit = models.logits(model, split.test)
    assert dataset.IcuData(tmp_path).scores(logit, split.test)['auroc'] > 0.9


def test_resumed_training_is_the_same(split, tmp_path):
    run = small_run()
    whole, part = (ResultStore(tmp_path / name, split.sha256) for name in ('whole', 'part'))
    first = plan.build(run, split.train)
    training.train(run, first, split.train, split.validation, whole, quiet)

    def stop(share, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(run, plan.build(run, split.train), split.train, split.validation, part, stop)
    second = plan.build(run, split.train)
    result = training.train(run, second, split.train, split.validation, part, quiet)
    assert len(result['curve']) == 3
    for name, value in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], value, rtol=0, atol=0)


def test_best_epoch_is_kept(split, tmp_path):
    run, store = small_run(6), ResultStore(tmp_path, split.sha256)
    model = plan.build(run, split.train)
    result = training.train(run, model, split.train, split.validation, store, quiet)
    areas = [point['auroc'] for point in result['curve']]
    assert result['epoch'] == 1 + int(np.argmax(areas))
    logit = models.logits(model, split.validation)
    kept = dataset.IcuData(tmp_path).scores(logit, split.validation)['auroc']
    assert kept == pytest.approx(max(areas))


def test_batches_hold_every_patient_once(split):
    rows = np.concatenate(training.batches(small_run(), split.train, 1))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(split.train)))


@pytest.mark.parametrize('part', [plan.COMPARISON, plan.RECIPES])
def test_padding_changes_no_logit(split, part):
    data = split.test
    model = plan.build(replace(small_run(), part=part), split.train).eval()
    whole = models.logits(model, data)
    for row in range(3):
        alone = model(*models.tensors(data, np.array([row])))
        np.testing.assert_allclose(alone.detach().numpy()[0], whole[row], atol=1e-5)


@pytest.mark.parametrize('part', [plan.COMPARISON, plan.RECIPES])
def test_unmeasured_values_do_not_matter(split, part):
    data = split.test
    seen = np.maximum.accumulate(data.measured, axis=1)
    other = replace(data, x=np.where(seen, data.x, 7.0).astype(np.float32))
    model = plan.build(replace(small_run(), part=part), split.train)
    np.testing.assert_array_equal(models.logits(model, data), models.logits(model, other))


def test_scales_are_of_measured_values(split):
    measured = split.train.measured[..., NAMES.index('HR')]
    values = split.train.x[..., NAMES.index('HR')][measured]
    mean, std = moments(split.train.x, split.train.measured)
    assert mean[NAMES.index('HR')] == pytest.approx(values.mean(), rel=1e-5)
    assert std[NAMES.index('HR')] == pytest.approx(values.std(), rel=1e-4)
    assert (mean[NAMES.index('Lactate')], std[NAMES.index('Lactate')]) == (0, 1)
    low, high = models.extremes(split.train)
    assert (low[NAMES.index('HR')], high[NAMES.index('HR')]) == (values.min(), values.max())


def test_weight_of_deaths_is_taken_back(split):
    plain, weighted = dataset.IcuData('set'), dataset.IcuData('set', positive_weight=11.69)
    logit = np.linspace(-3, 3, len(split.test))[:, None]
    np.testing.assert_allclose(
        weighted.corrected(logit + np.log(11.69)), plain.corrected(logit), atol=1e-12
    )


def test_published_recipes_can_be_built(split):
    for cell, row in PUBLISHED.items():
        run = plan.published_run(cell, 0)
        model = plan.build(run, split.train)
        assert model.cell.output_size == row.units
        assert run.recipe.updates == row.epochs * -(-3200 // row.batch)


def test_choice_is_the_greatest_area():
    runs = plan.Plan(cells=('gru',), rates=(0.1, 0.2, 0.3)).tuning()
    found = {
        run.name: {'validation': {'auroc': area}}
        for run, area in zip(runs, (0.7, 0.9, 0.8), strict=True)
    }
    assert plan.choose(runs, found) == {'gru': 0.2}
    del found[runs[0].name]
    assert plan.choose(runs, found) == {}


def test_difference_is_of_the_same_patients():
    died, logit = [0, 1] * 30, np.random.default_rng(0).normal(size=60)

    def result(cell, shift):
        return {
            'run': {'part': 'comparison', 'cell': cell, 'seed': 0, 'name': cell,
                    'recipe': {'learning_rate': 0.1}},
            'logit': (logit + shift * np.array(died)).tolist(), 'died': died,
            'test': dict.fromkeys(('auprc', 'brier', 'ece', 'intercept', 'slope'), 0.5)
            | {'auroc': 0.5 + shift / 10},
            'seconds': 1.0, 'epoch': 1, 'parameters': 1, 'counts': {},
        }  # fmt: skip

    best, same, worse = summarize([result('worse', 0.0), result('best', 2.0), result('same', 2.0)])[
        'comparison'
    ]
    assert best['from_best']['mean'] == same['from_best']['mean'] == 0
    assert same['from_best']['patients'] == {'low': 0, 'high': 0}
    assert worse['from_best']['patients']['high'] < 0


def test_small_study_and_another_set(folder, tmp_path, capsys):
    out = tmp_path / 'out'
    command = study(folder, out, '--quick', '--cells', 'gru', '--epochs', '1', '--seeds', '1')
    assert cli.main(command) == 0
    text = (out / 'results.json').read_text()
    whole = json.loads(text)
    assert not whole['published_data']
    assert whole['cleaning']['patients'] == 120
    baselines = whole['summary']['baselines']
    assert [row['score'] for row in baselines] == ['SAPS-I', 'SOFA', 'logistic regression']
    assert baselines[2]['auroc']['mean'] > 0.9  # the heart rate tells
    assert 0 <= whole['summary']['comparison'][0]['auroc']['mean'] <= 1
    assert 'logit' not in text

    capsys.readouterr()
    other = write_folder(tmp_path / 'other', *made(60, seed=1))
    assert cli.main([*command, '--test-data', str(other)]) == 0
    assert json.loads((out / 'other_set.json').read_text())['cleaning']['patients'] == 60
    (other / 'Outcomes-a.txt').unlink()
    assert cli.main([*command, '--test-data', str(other)]) == 1
    assert 'expected Outcomes-a.txt or Outcomes-a.csv' in capsys.readouterr().err


def test_list_needs_no_data(capsys):
    assert cli.main(['study', 'icu', '--list', '--cells', 'cfc', '--seeds', '1']) == 0
    names = capsys.readouterr().out.split()
    assert 'comparison-cfc-seed0' in names
    assert 'recipes-cfc-seed0' in names
    assert len([name for name in names if name.startswith('tuning')]) == 3


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        (['--cells', 'cfcc'], "cell 'cfcc'"),
        (['--part', 'recipe'], "part 'recipe'"),
        (['--runs', 'none*'], 'no run matches'),
    ],
)
def test_wrong_arguments_are_named(folder, tmp_path, capsys, more, expected):
    assert cli.main(study(folder, tmp_path / 'out', *more)) == 1
    assert expected in capsys.readouterr().err


def test_data_are_asked_for(capsys):
    assert cli.main(['study', 'icu', '--cells', 'gru']) == 1
    assert '--data: expected the folder' in capsys.readouterr().err
