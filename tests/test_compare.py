"""``compare`` and the benchmarks of robustness and generalization, as a user runs them."""

import csv
import io
import json

import pytest

pytest.importorskip('mujoco')
pytest.importorskip('scipy')
pytest.importorskip('plotly')

from liquid_control import extras
from liquid_control.cli.comparison import at_work
from liquid_control.cli.comparison_folder import default_folder
from liquid_control.cli.main import main
from liquid_control.evaluation.robustness import (
    Measurement,
    PolicyFacts,
    RobustnessResults,
    outside,
    run,
)
from liquid_control.evaluation.robustness.contenders import contenders
from liquid_control.evaluation.robustness.grouping import families_of
from liquid_control.evaluation.robustness.plan import Plan
from liquid_control.jobs import Progress
from liquid_control.run_folder import alone_in


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')


def test_compare_ends_in_a_table_and_files(bundle, other, tmp_path, narrow, capsys):
    out, whole = tmp_path / 'out', tmp_path / 'all.json'
    arguments = ['compare', '--policy', f'a={bundle},b={other}', '--seeds', '2', '--no-video']
    faults = ['--fault', 'gaussian:0.1,gaussian:0.3,friction:2']
    assert main([*arguments, *faults, '--out', str(out), '--json', str(whole), '--csv', '-']) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [(row['policy'], row['fault']) for row in rows] == [
        (policy, fault)
        for fault in ('none', 'gaussian:0.1', 'gaussian:0.3', 'friction:2')
        for policy in ('a', 'b')
    ]
    text = printed.err
    assert max(map(len, text[: text.index('report:')].splitlines())) <= 80
    plain = ' '.join(text.split())
    assert '2 episodes each, 18 walks in all (with 2 of expert); results go to' in plain
    first = text.index('a, b: without a fault and under 3 faults, 2 episodes each')
    said = text.index('Averaged over all')
    assert first < said < text.index('No intervals') < text.index('gaussian:0.3')
    assert (out / 'results.csv').read_text() == printed.out
    results = RobustnessResults.load(out / 'results.json')
    assert [(f.name, f.levels) for f in results.families] == [
        ('noise', (0.1, 0.3)),
        ('friction', (2.0,)),
    ]
    assert results.policies[0].figures['parameters'] > 0
    content = json.loads(whole.read_text())
    assert content['analysis'] == {
        key: value
        for key, value in json.loads((out / 'analysis.json').read_text()).items()
        if key != 'format'
    }
    assert (out / 'report.html').stat().st_size > 1_000_000  # the plots' library is inside
    assert (out / 'curves.png').exists()


def test_another_comparison_in_a_folder_is_announced(bundle, tmp_path, narrow, capsys):
    given = ['compare', '--policy', str(bundle), '--seeds', '2', '--no-video', '--out']
    faults = ['--fault', 'jitter:0.1,gaussian:0.1']
    said = []
    for more in (faults, faults, ['--fault', 'gaussian:0.1']):
        assert main([*given, str(tmp_path), *more]) == 0
        said.append(' '.join(capsys.readouterr().out.split()))
    assert '10 walks in all (with 2 of expert, and both elapsed times under' in said[0]
    assert 'kept from before' not in said[0]
    assert '4 of 4 pieces are kept from before' in said[1]
    assert 'another comparison' not in said[0] + said[1]
    assert 'another comparison (untrained under 2 faults, 2 episodes; other families)' in said[2]


def test_the_same_comparison_has_the_same_folder(robot, bundle, other):
    def folder(*files, episodes=2, faults=('gaussian:0.1',)):
        policies = contenders([*map(str, files)], robot)
        return default_folder(Plan('compare', robot, policies, families_of(faults), episodes, 0))

    first = folder(bundle)
    assert first == folder(bundle)
    assert first.parent.name == 'runs'
    assert first.name.startswith('compare-')
    differing = [
        folder(other),
        folder(bundle, episodes=3),
        folder(bundle, faults=('gaussian:0.1', 'delay:1')),
    ]
    assert len({first, *differing}) == 4


def test_periods_outside_of_a_training_are_noted():
    figures = {outside.LOW: 0.92, outside.HIGH: 1.28, outside.PERIOD_MS: 8.0}
    policy = PolicyFacts('lstm', 'lstm', (), figures)
    said = '1.5 nominal periods; trained with 0.92 to 1.28'
    assert outside.outside(policy, 'period_ms:12') == said
    assert outside.outside(policy, 'gaussian:0.1+period:1.5') == said
    for fault in ('none', 'period_ms:8', 'period:1.3', 'jitter:0.5', 'gaussian:0.1'):
        assert not outside.outside(policy, fault)
    assert not outside.outside(PolicyFacts('own', 'own', ()), 'period:3')


def test_policies_trained_alike_share_a_note():
    trained = {outside.LOW: 0.92, outside.HIGH: 1.28, outside.PERIOD_MS: 8.0}
    names = ('a', 'b', 'own')
    policies = [PolicyFacts(n, n, (), trained if n != 'own' else {}) for n in names]
    measured = [
        Measurement(name, '', 'period', 4.0, fault, 'measured')
        for name in names
        for fault in ('none', 'period_ms:4')
    ]
    results = RobustnessResults('compare', 'walker2d', {}, 0, tuple(policies), (), tuple(measured))
    assert outside.notes(results) == [
        'Trained with periods of 0.92 to 1.28 nominal ones only: a, b. Outside of that: '
        'period_ms:4.'
    ]


def test_benchmarks_measure_what_is_chosen(bundle, tmp_path, narrow, capsys):
    arguments = ['--policy', str(bundle), '--episodes', '2', '--no-video', '--out']
    for kind, family in (('robustness', 'dropped'), ('generalization', 'uneven')):
        out = tmp_path / kind
        assert main(['benchmark', kind, *arguments, str(out), '--family', family]) == 0
        results = RobustnessResults.load(out / 'results.json')
        assert results.benchmark == kind
        assert [one.name for one in results.families] == [family]
        assert 'over all faults' in capsys.readouterr().out
    elapsed = {one.elapsed for one in results.measurements}
    assert elapsed == {'measured', 'nominal'}
    assert main(['benchmark', 'robustness', *arguments, str(out), '--preset', 'easy']) == 0
    again = RobustnessResults.load(out / 'results.json')
    assert 'easy_all' in {one.name for one in again.families}


def test_what_fails_is_said_and_exits_with_1(bundle, tmp_path, monkeypatch, capsys):
    sweep = run.sweep

    def broken(pieces, *rest, **options):
        outcomes = sweep(pieces, *rest, **options)
        outcomes[pieces[-1].name] = {'ok': False, 'error': 'signal 9 ended it'}
        return outcomes

    monkeypatch.setattr(run, 'sweep', broken)
    arguments = ['--policy', str(bundle), '--fault', 'jitter:0.25', '--seeds', '2', '--no-video']
    assert main(['compare', *arguments, '--out', str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert 'not measured: untrained under jitter:0.25: signal 9 ended it' in printed.err
    assert 'untrained was not measured under uneven control periods' in printed.out


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (
            ['compare', '--policy', 'lsmt'],
            "unknown policy for walker2d, 'lsmt' (did you mean 'lstm'",
        ),
        (['compare', '--policy', 'x.onnx'], 'policy x.onnx: no such file'),
        (['compare', '--fault', 'gausian:1'], "did you mean 'gaussian'"),
        (['compare', '--fault', 'gaussian:-1'], 'expected a number in [0, 1000], found -1'),
        (['compare', '--fault', 'gaussian:0,1'], 'decimals are written with a point'),
        (['compare', '--fault', 'gaussian:0.１'], "expected a number in [0, 1000], found '0.１'"),
        (['compare', '--fault', 'delay:1_0'], "expected a whole number in [0, 1000], found '1_0'"),
        (['compare', '--fault', 'period_ms:9'], 'steps of 2 ms, such as 8 or 10, found 9'),
        (['compare', '--fault', 'period:1.1'], 'steps of 2 ms, such as 1 or 1.25, found 1.1'),
        (['compare', '--fault', 'period_ms:8'], 'its period is the nominal one of 8 ms'),
        (['compare', '--fault', 'gaussian:0.1@1000'], 'begins after the end of an episode'),
        (['compare', '--fault', 'mass:2:tail'], 'tail'),
        (['compare', '--fault', 'none,gaussian:0'], 'expected one that changes something'),
        (['benchmark', 'robustness', '--fault', 'delay:1', '--preset', 'hard'], 'one of them'),
        (
            ['compare', '--policy', 'a/../b=lstm'],
            "without / that does not start with a dot, found 'a/",
        ),
        (['compare', '--robot', 'walker'], "did you mean 'walker2d'"),
        (['compare', '--address', 'auto'], '--address: it is that of a Ray cluster'),
        (
            ['benchmark', 'robustness', '--preset', 'hart'],
            "(did you mean 'hard'?); there are: easy",
        ),
        (
            ['benchmark', 'robustness', '--family', 'nois'],
            "unknown family 'nois' (did you mean 'noise'",
        ),
        (
            ['benchmark', 'generalization', '--family', 'noise'],
            'noise is a family of: benchmark robustness',
        ),
        (
            ['benchmark', 'robustness', '--family', 'noise', '--fault', 'delay:1'],
            '--fault and --family: give one of them',
        ),
    ],
)
def test_mistakes_are_refused_before_any_work(arguments, message, tmp_path, capsys):
    assert main([*arguments, '--out', str(tmp_path / 'out')]) == 1
    assert message in ' '.join(capsys.readouterr().err.split())
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--seeds', '0'], 'expected a whole number, 1 to 10000'),
        (['--engine', 'rey'], "did you mean 'ray'"),
        (['--workers', '0'], 'expected a whole number, 1 or more'),
        (['--fault', 'delay:1,delay:1'], 'delay:1 is given twice'),
    ],
)
def test_options_have_bounds(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['compare', *arguments])
    assert ended.value.code == 2
    assert message in ' '.join(capsys.readouterr().err.split())


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, capsys):
    (tmp_path / 'file').touch()
    for folder in ('/proc/x', str(tmp_path / 'file' / 'x')):
        assert main(['compare', '--policy', 'mlp', '--out', folder]) == 1
        printed = capsys.readouterr()
        assert f'--out {folder}: cannot be written' in ' '.join(printed.err.split())
        assert 'kept in' not in printed.out


def test_names_are_no_markup(bundle, tmp_path, narrow, capsys):
    arguments = ['--policy', f'[red]a={bundle}', '--fault', 'gaussian:0.1', '--seeds', '1']
    assert main(['compare', *arguments, '--no-video', '--out', str(tmp_path / '[b]')]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith('[red]a: without a fault')
    assert printed.count('[red]a') >= 3, 'in the first line, the answer and the table'
    assert '[b]/report.html' in printed


def test_progress_is_short_and_names_policy_and_fault():
    progress = Progress(2)
    for number, policy in enumerate(('cfc', 'cfc_no_gate')):
        progress.add(f'{policy}-0123abc{number}')
    progress.start('cfc-0123abc0')
    assert at_work(progress) == '0/2 pieces, cfc'
    progress.update('cfc-0123abc0', 0.5, 'gaussian:0.1')
    assert at_work(progress) == '0/2 pieces, cfc: gaussian:0.1'
    progress.finish('cfc-0123abc0')
    progress.start('cfc_no_gate-0123abc1')
    progress.update('cfc_no_gate-0123abc1', 0.5, 'gaussian:1+dropout:0.1:10+stuck:0.1:10+delay:9')
    assert at_work(progress) == '1/2 pieces, cfc_no_gate: gaussian:1+dro…'


@pytest.mark.parametrize('verb', [['compare'], ['benchmark', 'robustness']])
def test_help_says_what_csv_holds(verb, capsys):
    with pytest.raises(SystemExit):
        main([*verb, '--help'])
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'write one row a policy, family, level and elapsed time' in printed
    assert 'an empty line between two' not in printed


@pytest.mark.parametrize('address', ['127.0.0.1:1', 'ray://127.0.0.1:1', '127.0.0.1:port'])
def test_a_cluster_that_does_not_answer_is_named(address, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(extras, 'require', lambda *names: None)
    command = ['compare', '--policy', 'mlp', '--engine', 'ray', '--out', str(tmp_path)]
    assert main([*command, '--address', address]) == 1
    said = ' '.join(capsys.readouterr().err.split())
    assert f'--address {address}: no Ray cluster answers there' in said
    assert main([*command, '--workers', '2']) == 1
    assert 'the cluster decides' in capsys.readouterr().err


def test_a_second_process_is_refused(tmp_path, capsys):
    (tmp_path / 'pieces').mkdir()
    with alone_in(tmp_path):
        assert main(['compare', '--policy', 'mlp', '--out', str(tmp_path)]) == 1
    assert f'{tmp_path}: another process is working there' in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused(tmp_path, capsys):
    (tmp_path / 'thesis.tex').touch()
    assert main(['compare', '--out', str(tmp_path)]) == 1
    assert 'holds thesis.tex' in ' '.join(capsys.readouterr().err.split())
