"""Runs and their results: stored completely, found again, and never mistaken for another's."""

from dataclasses import replace

import pytest

from liquid_control.study.run import Recipe, ResultStore, Run

RUN = Run('a', 'comparison', 'cfc', 0, Recipe(10, 0.01), {'budget': 5, 'settings': {'b': (1, 2)}})


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path, 'abc')


def test_result_replaces_its_checkpoint(store):
    assert store.result(RUN) is None
    store.checkpoint(RUN).touch()
    store.keep(RUN, {'test_mse': 0.5, 'seconds': 1.0})
    assert store.result(RUN)['test_mse'] == 0.5
    assert not store.checkpoint(RUN).exists()


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        ({'recipe': Recipe(20, 0.01)}, r'recipe\.updates 10, now 20'),
        ({'seed': 1}, 'seed 0, now 1'),
        ({'model': {'budget': 6}}, r'model\.budget 5, now 6'),
    ],
)
def test_a_result_of_other_settings_is_refused(store, change, says):
    store.keep(RUN, {})
    with pytest.raises(ValueError, match=rf'a\.json is from another run \({says}\): use another'):
        store.result(replace(RUN, **change))


def test_a_result_on_other_data_is_refused(store, tmp_path):
    store.keep(RUN, {})
    with pytest.raises(ValueError, match='data abc, now other'):
        ResultStore(tmp_path, 'other').result(RUN)


@pytest.mark.parametrize('result', [{}, {'seconds': None}])
def test_a_result_without_its_time_is_refused(store, result):
    store.keep(RUN, result)
    with pytest.raises(ValueError, match=r'a\.json: .* seconds: expected a number, found None; re'):
        store.result(RUN)
    store.keep(RUN, {**result, 'failed': 'update 3: the loss is not finite'})
    assert store.result(RUN)['failed']


@pytest.mark.parametrize('figure', [{'test_mse': 'x'}, {'saved_mb': {}}, {'parameters': True}])
def test_a_result_with_an_odd_figure_is_refused(store, figure):
    store.keep(RUN, {'seconds': 1.0, **figure})
    (name,) = figure
    with pytest.raises(ValueError, match=rf'a\.json: .* {name}: expected a number, found'):
        store.result(RUN)


@pytest.mark.parametrize('text', ['', '{', '[]', '{"run": 1}'])
def test_a_broken_result_is_named(store, tmp_path, text):
    (tmp_path / 'runs' / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=r'a\.json: not a valid run result: .*; remove it'):
        store.result(RUN)
