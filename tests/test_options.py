"""Options of all verbs: nothing is ignored, a typo names the nearest name, bounds are named."""

import argparse

import pytest

from liquid_control.cli import main as cli
from liquid_control.cli.arguments import _Names, _Renamings
from liquid_control.cli.parser import Parser, _Once
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
        ('run --policy cfc --policy cfc', '--policy: cfc is given twice'),
        ('run --fault none,delay:1,none', '--fault: none is given twice'),
        ('run --mode lockstep --mode realtime', '--mode: given twice (lockstep, then realtime)'),
        ('replay x --fault delay:1 --fault delay:1', '--fault: delay:1 is given twice'),
        ('train score cfc --fault none,none', '--fault: none is given twice'),
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
    args = parser.parse_args(['replay', 'x', '--policy', 'a,b', '--policy', 'c', '--fault', 'none'])
    assert args.policy == ['a', 'b', 'c']


def single(action) -> bool:
    """Whether an option takes one value, of which a second would replace the first."""
    return bool(action.option_strings) and isinstance(action, _Once)


def test_every_option_collects_or_refuses_a_second():
    """What neither collects, nor is a switch, nor asks for help, must be given once."""
    collecting = (_Names, argparse._AppendAction, _Renamings)
    switches = (argparse._StoreTrueAction, argparse._HelpAction, argparse._VersionAction)
    for action in cli.command_line(*cli.VERBS).everything():
        if action.option_strings:
            assert isinstance(action, (_Once, *collecting, *switches)), action


def leaves(parser, words=()):
    """Yield (words, parser) of every verb that has no further verbs."""
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for name, each in below[0].choices.items() if below else ():
        yield from leaves(each, (*words, name))
    if not below:
        yield words, parser


def accepted(action, folder) -> str:
    """A value that an option takes."""
    for value in (*map(str, action.choices or ()), '1', '2', str(folder)):
        try:
            (action.type or str)(value)
        except (ValueError, argparse.ArgumentTypeError):
            continue
        return value
    raise AssertionError(action)


PAIRS = [
    (words, action)
    for words, parser in leaves(cli.command_line(*cli.VERBS))
    for action in parser._actions
    if single(action)
]


@pytest.mark.parametrize(
    ('words', 'action'), PAIRS, ids=[f'{" ".join(w)} {a.option_strings[-1]}' for w, a in PAIRS]
)
def test_a_second_value_is_refused(words, action, capsys, tmp_path):
    """For every option of every verb that takes one value."""
    option, value = action.option_strings[-1], accepted(action, tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, f'{option}={value}', f'{option}={value}'])
    assert ended.value.code == 2
    assert f'{option}: given twice' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('argv', 'said'),
    [
        ('run --polcy cfc', 'run: unknown option --polcy (did you mean --policy?)'),
        ('run --fualt=none', 'run: unknown option --fualt (did you mean --fault?)'),
        ('study sinthetic', "study: unknown study 'sinthetic' (did you mean 'synthetic'?)"),
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
    assert ('command_delay' in said) == (verb == 'run')


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
        ('benchmark', 'benchmark: expected a verb: cost, '),
    ],
)
def test_a_bad_value_names_its_bounds(argv, said, capsys):
    assert said in refused(argv, capsys)


def test_a_benchmark_never_asks_faster_than_the_robots_period(capsys):
    assert cli.main(['benchmark', 'latency', '--period', '0.004']) == 1
    assert '--period: expected at least 0.008 s' in capsys.readouterr().err
