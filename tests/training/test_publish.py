"""Bundles of several seeds: their scores, the best one, and its card."""

import dataclasses
from pathlib import Path

import pytest
from alarmed import alarmed, changed
from support import STUDENT, arm, describe, step_graph

from liquid_control import paths
from liquid_control.control import Bundle, Contract, PolicyRunner
from liquid_control.evaluation.seeds import overall, rescored, seed_scores
from liquid_control.evaluation.suite import SCORED, VERSION
from liquid_control.report.card import card

CARDS = Path(__file__).parents[2] / 'docs' / 'cards'


def scored(path, seed, mean):
    score = {
        'return_mean': mean, 'return_min': mean - 100, 'return_std': 50.0,
        'falls': int(mean < 4000),
        'prediction_ratio': 0.1, 'episodes': 20, 'seed': 1000, 'percent': mean / 50,
        'teacher_return': 5000.0, 'suite': VERSION,
    }  # fmt: skip
    bundle = dataclasses.replace(
        describe(STUDENT),
        provenance={'seed': seed, 'command': 'liquid-control train policy'},
        scores={fault: dict(score) for fault in SCORED},
        counts={'parameters': 100, 'state_size': 5},
    )
    return bundle.write(path, step_graph(STUDENT, seed))


@pytest.fixture
def bundles(tmp_path):
    means = (4000.0, 4500.0, 3500.0)
    return [scored(tmp_path / f'{seed}.onnx', seed, mean) for seed, mean in enumerate(means)]


def test_seeds_are_told_together_with_an_interval(bundles, tmp_path):
    found = seed_scores(bundles)
    assert found['seeds'] == [0, 1, 2]
    percent = found['delay:3']['percent']
    assert percent['values'] == [80.0, 90.0, 70.0]
    assert percent['low'] <= percent['mean'] == 80.0 <= percent['high']
    assert 'low' not in seed_scores(bundles[:1])['none']['percent']
    assert max(bundles, key=overall) is bundles[1]
    four = seed_scores([scored(tmp_path / 'more.onnx', 3, 500.0), *bundles])
    assert four['none']['return_mean']['mean'] == 3125.0, 'a mean, not an interquartile one'


def test_rescored_policy_is_the_same(bundles, tmp_path):
    out = tmp_path / 'policies' / 'best.onnx'
    bundle = rescored(bundles[1], out, {**bundles[1].scores, 'seeds': seed_scores(bundles)})
    again = Bundle.read(out)
    assert again.scores['seeds']['seeds'] == [0, 1, 2]
    assert again.provenance == bundles[1].provenance
    assert again.contract.hash == bundle.contract.hash
    PolicyRunner(out)


def test_a_card_says_what_the_bundle_holds(bundles, tmp_path):
    out = tmp_path / 'policy.onnx'
    bundle = rescored(bundles[2], out, {**bundles[2].scores, 'seeds': seed_scores(bundles)})
    text = card(bundle)
    for said in ('liquid-control train policy', bundle.sha256, '| three samples late | 80, 90, 70 ',
                 'Falls in 1 of 20', '100 parameters', 'seed: 2'):  # fmt: skip
        assert said in text


def test_card_names_where_training_ran(bundles):
    here = {'processor': 'Some CPU', 'versions': {'python': '3.11', 'torch': '2.13'}}
    there = {'processor': 'Another', 'gpu': 'NVIDIA Y', 'versions': {'torch': '2.11'}}
    history = [{'from': 0, **there}, {'from': 1489, **here}]
    told = 'from round 0 on Another, NVIDIA Y, torch 2.11; from round 1,489 on Some CPU, torch 2.13'
    for parts in (history, history[1:]):
        about = {'provenance': {**bundles[0].provenance, 'history': parts}}
        text = card(changed(bundles[0], bundles[0].path, **about))
        assert (told in text) == ('trained in parts' in text) == (parts is history)


def test_card_of_a_predictor(tmp_path):
    bundle = alarmed(tmp_path, Contract.from_dict(arm()), threshold=3.0)
    recording = {
        'name': 'walk', 'seconds': 12.0, 'observations': 1500, 'skipped': 0, 'damage': None,
        'sha256': 'ab' * 32,
    }  # fmt: skip
    about = {'provenance': {**bundle.provenance, 'recordings': [recording]}}
    counts = {'parameters': 100, 'state_size': 5}
    text = card(changed(bundle, bundle.path, counts=counts, **about))
    for said in ('A predictor of the next observation of arm', '## Trust alarm', 'never drives',
                 '| walk | 12.0 | 1,500 | `abababababab` |'):  # fmt: skip
        assert said in text
    assert 'simulation' not in text


def test_card_marks_old_delay_scores(tmp_path):
    bundle = scored(tmp_path / 'x.onnx', 0, 4500.0)
    assert '| one sample late |' in card(bundle)
    del bundle.scores['delay:1']['suite'], bundle.scores['none']['suite']
    assert '| one sample late, the first messages withheld |' in card(bundle)
    assert '| none |' in card(bundle)


@pytest.mark.parametrize('name', paths.policies('walker2d'))
def test_every_bundle_that_ships_has_its_card(name):
    bundle = Bundle.read(paths.policies('walker2d')[name])
    assert card(bundle) == (CARDS / f'{name}.md').read_text()
