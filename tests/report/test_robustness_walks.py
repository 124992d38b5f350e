"""Videos of the worst and the median walk of some cells."""

import base64
from dataclasses import replace

import pytest
from browsing import needs_browser, opened
from made_results import FAMILIES, made_results

pytest.importorskip('scipy')

from liquid_control.control import Bundle
from liquid_control.evaluation import measure_all
from liquid_control.evaluation.families import Family
from liquid_control.evaluation.robustness import (
    MEASURED,
    Measurement,
    PolicyFacts,
    RobustnessResults,
    analyse,
)
from liquid_control.report.robustness import page, write_robustness_report
from liquid_control.report.robustness.walks import chosen, record_walks

PERIOD = Family('period', 'another control period', '', 'period:0.5')
KEPT = ('returns', 'steps', 'fallen', 'stopped', 'errors', 'persistence')


@pytest.fixture(scope='module')
def measured(robot, bundle):
    """An untrained policy, really measured with half the control period."""
    found = Bundle.read(bundle)
    rows = []
    for family, fault in (('', 'none'), ('period', 'period:0.5')):
        thin = not family
        (one,) = measure_all(found, robot, [fault], 3, 7, elapsed=MEASURED, thin=thin)
        figures = {name: getattr(one, name) for name in KEPT}
        level = 1.0 if family else 0.0
        rows.append(Measurement('mine', found.sha256, family, level, fault, MEASURED, **figures))
    bundles = ({'path': str(bundle), 'sha256': found.sha256, 'seed': 0},)
    return RobustnessResults(
        'compare', 'walker2d', {'name': 'mine', 'return': 100.0}, 7,
        (PolicyFacts('mine', found.cell, bundles),), (PERIOD,), tuple(rows),
    )  # fmt: skip


@pytest.fixture(scope='module')
def walks(measured):
    found = record_walks(measured, analyse(measured))
    if not found.cells:
        pytest.skip(found.problem)
    return found


def test_a_walk_is_the_one_that_was_measured(walks, measured):
    assert walks.problem == ''
    assert set(walks.numbers) == {('mine', '', 0.0), ('mine', 'period', 1.0)}
    for cell, row in zip(walks.cells, measured.measurements, strict=True):
        worst, median = cell.walks
        for walk, total in ((worst, min(row.returns)), (median, sorted(row.returns)[1])):
            kind, data = walk.uri.split(',')
            assert kind == 'data:video/mp4;base64'
            assert 1_000 < len(base64.b64decode(data)) < 150_000
            assert f'return {total:.0f}, ends with a fall' in walk.caption
            assert 'not the walk measured' not in walk.caption


def test_another_walk_than_the_measured_one_is_said_so(walks, measured):
    rows = [
        replace(row, returns=tuple(x + 1 for x in row.returns)) for row in measured.measurements
    ]
    changed = replace(measured, measurements=tuple(rows))
    found = record_walks(changed, analyse(changed))
    assert all('not the walk measured' in w.caption for cell in found.cells for w in cell.walks)


def test_a_bundle_that_changed_is_not_drawn(measured):
    rows = [replace(row, bundle='0' * 64) for row in measured.measurements]
    facts = replace(
        measured.policies[0], bundles=({**measured.policies[0].bundles[0], 'sha256': '0' * 64},)
    )
    changed = replace(measured, policies=(facts,), measurements=tuple(rows))
    found = record_walks(changed, analyse(changed))
    assert found.cells == ()
    assert found.problem.startswith('Some videos of walks are missing: ')


def test_without_a_display_the_page_says_why(measured, monkeypatch, tmp_path):
    monkeypatch.setenv('MUJOCO_GL', 'nothing')
    path = write_robustness_report(tmp_path, measured, analyse(measured))
    text = path.read_text()
    assert 'Some videos of walks are missing: nothing: ' in text
    assert '<video' not in text


@needs_browser
def test_a_click_on_a_cell_opens_its_videos(measured, walks, monkeypatch, tmp_path):
    monkeypatch.setattr(page, 'record_walks', lambda *_: walks)
    path = write_robustness_report(tmp_path, measured, analyse(measured))
    console, seen = opened(path)
    assert console == []
    assert seen['opened'] == 1
    assert path.read_text().count('<video') == 4


def test_the_best_and_the_worst_of_each_fault_are_chosen():
    results = made_results(oddities=False)
    cells = chosen(results, analyse(results))
    assert [cell.family for cell in cells[::2]] == ['', *(family.name for family in FAMILIES)]
    assert {cell.policy for cell in cells[3::2]} == {'<b>mine</b>'}
    assert {cell.level for cell in cells if cell.family == 'gaussian'} == {0.3}
    many = tuple(
        Family(f'f{number}', f'{number}', '', 'gaussian:{}', (0.1,)) for number in range(12)
    )
    results = made_results(('cfc', 'gru'), many, episodes=4, oddities=False)
    assert len(chosen(results, analyse(results))) == 16
