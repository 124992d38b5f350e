"""Options of all verbs: nothing is ignored, a typo names the nearest name, bounds are named."""

import pytest

from liquid_control.cli import main as cli
from liquid_control.cli.parser import Parser
from liquid_control.faults import describe


def refused(argv: str, capsys) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv.split())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ('argv', 'twice'),
    [
        ('run --policy cfc --policy lstm', '--policy: given twice (cfc, then lstm)'),
        ('run --fault none --fault delay:1', '--fault: given twice (none, then delay:1)'),
        ('demo --seed 1 --seed 1', '--seed: given twice (1, then 1)'),
        ('bag x --robot a --robot b', '--robot: given twice (a, then b)'),
        ('train policy --cell cfc --out a --out b', '--out: given twice (a, then b)'),
        ('study walker2d-kinematics --data a --data b', '--data: given twice (a, then b)'),
        ('benchmark latency --robot a --robot b', '--robot: given twice (a, then b)'),
    ],
)
def test_an_option_that_counts_once_is_given_once(argv, twice, capsys):
    assert twice in refused(argv, capsys)


def test_what_may_be_repeated_may_be_repeated():
    parser = cli.command_line('replay')
    args = parser.parse_args(['replay', 'x', '--policy', 'a', '--policy', 'b', '--fault', 'none'])
    assert args.policy == ['a', 'b']


def test_no_argument_of_any_verb_stores_silently_the_last():
    for action in cli.command_line(*cli.VERBS).everything():
        assert type(action).__name__ != '_StoreAction', action


@pytest.mark.parametrize(
    ('argv', 'said'),
    [
        ('run --polcy cfc', 'run: unknown option --polcy (did you mean --policy?)'),
        ('run --fualt=none', 'run: unknown option --fualt (did you mean --fault?)'),
        ('train polcy', "train: unknown verb 'polcy' (did you mean 'policy'?)"),
        ('train policy --rouds 3', 'train policy: unknown option --rouds (did you mean --rounds?)'),
        ('benchmark latecy', "benchmark: unknown verb 'latecy' (did you mean 'latency'?)"),
        ('inspect cfc lstm', "inspect: unexpected argument 'lstm'"),
        ('run --mode lockstp', "run: --mode: unknown mode 'lockstp' (did you mean 'lockstep'?)"),
        ('run --episodes two', "--episodes: expected a whole number, 1 or more, found 'two'"),
        ('run --seconds long', "--seconds: expected a finite number above 0, found 'long'"),
        ('replay x --horizon two', "--horizon: expected a whole number, found 'two'"),
        ('', 'liquid-control: expected a verb first: demo, run'),
    ],
)
def test_a_typo_names_the_nearest(argv, said, capsys):
    assert said in refused(argv, capsys)


def test_an_option_is_given_once_in_every_parse():
    parser = Parser(prog='p')
    parser.add_argument('--x')
    for _ in range(2):
        assert parser.parse_args(['--x', '1']).x == '1'


@pytest.mark.parametrize('verb', ['run', 'replay'])
def test_help_lists_the_faults_with_their_settings(verb, capsys):
    with pytest.raises(SystemExit):
        cli.main([verb, '--help'])
    said = capsys.readouterr().out
    kinds = () if verb == 'run' else ('sensor',)
    for line in describe(*kinds):
        assert line in said
    assert ('jitter' in said) == (verb == 'run')


@pytest.mark.parametrize(
    ('argv', 'said'),
    [
        ('run --episodes 0', "--episodes: expected a whole number, 1 or more, found '0'"),
        ('run --seed -1', "--seed: expected a whole number, 0 or more, found '-1'"),
        ('demo --seconds 0', "--seconds: expected a finite number above 0, found '0'"),
        ('demo --seconds nan', "--seconds: expected a finite number above 0, found 'nan'"),
        ('benchmark latency --rounds 0', "--rounds: expected a whole number, 1 or more, found '0'"),
        ('benchmark latency --period -1', '--period: expected a finite number, 0 or more, found'),
        ('benchmark replay nowhere --robot r --policy p', 'nowhere: no such file or folder'),
        ('train policy --out x --conditions no.yaml', 'no.yaml: no such file or folder'),
        ('train', 'train: expected a verb: expert, policy, predictor, score, card'),
        ('benchmark', 'benchmark: expected a verb: latency, replay, training'),
    ],
)
def test_a_bad_value_names_its_bounds(argv, said, capsys):
    assert said in refused(argv, capsys)


def test_a_benchmark_never_asks_faster_than_the_robots_period(capsys):
    assert cli.main(['benchmark', 'latency', '--period', '0.004']) == 1
    assert '--period: expected at least 0.008 s' in capsys.readouterr().err
