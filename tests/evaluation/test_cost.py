"""What a policy costs: figures, estimated energy, and counters of processors in a fake folder."""

import json
import time
from collections import Counter

import pytest
from support import STUDENT, make_bundle

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle, PolicyRunner
from liquid_control.evaluation.cost import (
    Operations,
    Rapl,
    RaplError,
    figures,
    policy_figures,
    resident_bytes,
    step_figures,
)
from liquid_control.evaluation.cost.energy import (
    DRAM_PJ,
    FUNCTION_PJ,
    energy_nj,
    neuromorphic_nj,
    read_pj,
)

SPAN = 10**9


@pytest.fixture
def bundle(tmp_path):
    return Bundle.read(make_bundle(tmp_path / 'toy.onnx', STUDENT))


def fake_rapl(folder, **microjoules):
    """Counters of packages, and one of a part, which is not counted."""
    for name, value in {**microjoules, 'intel-rapl:0:0': 7}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / 'energy_uj').write_text(f'{value}\n')
        (folder / name / 'max_energy_range_uj').write_text(f'{SPAN}\n')
    return Rapl.found(folder)


def spend(folder, name, microjoules):
    counter = folder / name / 'energy_uj'
    counter.write_text(str((int(counter.read_text()) + microjoules) % (SPAN + 1)))


def test_figures_are_those_of_the_policy(bundle):
    found = policy_figures(bundle)
    assert found['parameters'] == 100
    assert found['state_bytes'] == 4 * 5
    assert found['bundle_bytes'] == bundle.path.stat().st_size
    assert found['transcendentals'] == 5
    assert found['energy_nj'] > 0
    assert 10e6 < found['resident_bytes'] < 500e6


def test_nodes_that_are_not_counted_leave_figures_out(bundle):
    found = step_figures(bundle, Operations(products=3, unknown=frozenset({'Own'})))
    assert set(found) == {'parameters', 'state_bytes', 'bundle_bytes'}


def test_energy_is_the_sum_of_its_published_parts():
    assert energy_nj(Operations(products=1000), 0) == pytest.approx(3.7 + 0.9)
    assert energy_nj(Operations(multiplications=1000), 0) == pytest.approx(3.7)
    assert energy_nj(Operations(additions=500, comparisons=500), 0) == pytest.approx(0.9)
    assert energy_nj(Operations(functions=Counter(div=1000)), 0) == pytest.approx(7.1 * 3.7)
    assert energy_nj(Operations(functions=Counter(tanh=1000)), 0) == pytest.approx(FUNCTION_PJ)
    assert energy_nj(Operations(weights=1000), 1000) == pytest.approx(5.0)
    assert neuromorphic_nj(Operations(events=1000), 100) == pytest.approx(23.6 + 8.1)


@pytest.mark.parametrize(
    ('held', 'energy'),
    [(8192, 5.0), (8193, 10.0), (32768, 10.0), (2**20, 50.0), (2**20 + 1, DRAM_PJ)],
)
def test_weights_are_read_from_the_smallest_cache(held, energy):
    assert read_pj(held) == energy


def test_a_larger_policy_takes_more_memory(tmp_path):
    """Of two policies, the one with 40 MB more of weights."""
    sizes = []
    for width in (5, 3000):
        wide = describe_wide(tmp_path / f'{width}.onnx', width)
        sizes.append(resident_bytes(Bundle.read(wide).graph))
    assert sizes[1] - sizes[0] > 30e6


def describe_wide(path, width):
    from support import describe, step_graph

    describe(STUDENT).write(path, step_graph(STUDENT, size=width))
    return path


def test_what_is_no_bundle_cannot_be_measured():
    with pytest.raises(RuntimeError, match=r'measuring memory failed: .*an empty file'):
        resident_bytes(b'')


def test_joules_of_all_packages_also_over_the_end(tmp_path):
    rapl = fake_rapl(tmp_path, **{'intel-rapl:0': SPAN - 10, 'intel-rapl:1': 5})
    before = rapl.read()
    assert before == (SPAN - 10, 5)
    spend(tmp_path, 'intel-rapl:0', 30)
    spend(tmp_path, 'intel-rapl:1', 70)
    spend(tmp_path, 'intel-rapl:0:0', 1000)
    assert rapl.since(before) == pytest.approx(100e-6)


def test_energy_of_a_step_is_counted_once_a_step(tmp_path):
    rapl = fake_rapl(tmp_path, **{'intel-rapl:0': 0})
    found = rapl.step_nj(lambda: spend(tmp_path, 'intel-rapl:0', 3), seconds=0.05)
    assert found == pytest.approx(3000.0)


def test_a_machine_without_counters_says_so(tmp_path, monkeypatch):
    with pytest.raises(RaplError, match='no RAPL'):
        Rapl.found(tmp_path)
    fake_rapl(tmp_path, **{'intel-rapl:0': 0})
    (tmp_path / 'intel-rapl:0' / 'energy_uj').write_text('much')
    with pytest.raises(RaplError, match='RAPL cannot be read'):
        Rapl.found(tmp_path)

    def denied(path):
        raise PermissionError(13, 'Permission denied', str(path))

    monkeypatch.setattr('pathlib.Path.read_text', denied)
    with pytest.raises(RaplError, match='may be read by root alone'):
        Rapl.found(tmp_path)


def test_measured_energy_is_among_the_figures(bundle, tmp_path, monkeypatch):
    rapl = fake_rapl(tmp_path / 'rapl', **{'intel-rapl:0': 0})
    stepped = PolicyRunner.step

    def step(self, *given):
        spend(tmp_path / 'rapl', 'intel-rapl:0', 2)
        return stepped(self, *given)

    monkeypatch.setattr(PolicyRunner, 'step', step)
    monkeypatch.setattr(figures.Rapl, 'found', classmethod(lambda cls: rapl))
    monkeypatch.setattr(time, 'sleep', lambda seconds: None)
    assert policy_figures(bundle)['measured_nj'] == pytest.approx(2000.0)


def test_the_verb_compares_policies(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    out = tmp_path / 'cost.json'
    assert cli.main(['benchmark', 'cost', '--policy', 'cfc,lstm', '--json', str(out)]) == 0
    said = capsys.readouterr().out
    for text in ('Horowitz, ISSCC 2014', 'an estimate, not measured', 'Davies et al.', 'cfc'):
        assert text in said
    written = json.loads(out.read_text())
    rows = {row['policy']: row for row in written['policies']}
    assert rows['lstm']['figures']['parameters'] == 19804
    assert rows['lstm']['figures']['latency_us_p50'] > 0
    assert rows['lstm']['functions']['sigmoid'] == 3 * 53
    assert rows['cfc']['not_counted'] == []
    assert written['notes']['measured'].startswith(('Energy is not measured: ', 'Measured: '))


@pytest.mark.parametrize('name', sorted(paths.policies('walker2d')))
def test_every_policy_that_ships_is_counted_whole(name):
    found = step_figures(Bundle.read(paths.policy(name, 'walker2d')))
    assert found['multiply_adds'] > 0
    assert found['energy_nj'] > 0


def test_inspect_says_what_a_step_costs(tmp_path, capsys):
    out = tmp_path / 'lstm.json'
    assert cli.main(['inspect', 'lstm', '--json', str(out)]) == 0
    said = ' '.join(capsys.readouterr().out.split())
    assert '20,040 multiply-adds, 298 functions (159 sigmoid, 138 tanh, 1 div)' in said
    assert json.loads(out.read_text())['cost']['multiply_adds'] == 20040
