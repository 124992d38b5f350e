"""Options that take several names: separated by commas, or given again."""

import pytest

from liquid_control import paths
from liquid_control.cli.arguments import add_faults_argument, add_policies_argument, split_names
from liquid_control.cli.parser import Parser


def parsed(*argv: str):
    parser = Parser(prog='p')
    add_policies_argument(parser, 'bundles')
    add_faults_argument(parser, 'faults')
    return parser.parse_args(argv)


def test_names_come_in_the_order_given():
    args = parsed('--policy', 'b,a', '--fault', 'none', '--policy', 'c', '--fault=delay:3,none+x')
    assert args.policy == ['b', 'a', 'c']
    assert args.fault == ['none', 'delay:3', 'none+x']


def test_nothing_given_is_an_empty_list_every_time():
    assert parsed('--policy', 'a').policy == ['a']
    assert (parsed().policy, parsed().fault) == ([], [])


def test_spaces_around_a_comma_do_not_count():
    assert split_names(' a , b') == ['a', 'b']


@pytest.mark.parametrize('text', ['', ',', 'a,', ',a', 'a,,b', 'a, ,b'])
def test_an_empty_name_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        parsed('--policy', text)
    found = f'p: --policy: expected names separated by commas, found an empty one in {text!r}\n'
    assert capsys.readouterr().err == found


def test_a_policy_is_called_after_its_file_or_as_given():
    assert paths.named('cfc') == ('cfc', 'cfc')
    assert paths.named('runs/x/lstm.onnx') == ('lstm', 'runs/x/lstm.onnx')
    assert paths.named('mine=runs/x/lstm.onnx') == ('mine', 'runs/x/lstm.onnx')


@pytest.mark.parametrize('text', ['=a', 'a=', 'x/y=a', '.x=a', f'{"x" * 201}=a'])
def test_a_name_no_file_can_have_is_refused(text):
    with pytest.raises(ValueError, match='--policy: expected '):
        paths.named(text)


@pytest.mark.parametrize('argv', [['--fault', 'a,b,a'], ['--fault', 'b,a', '--fault', 'a']])
def test_a_name_given_twice_is_refused(argv, capsys):
    with pytest.raises(SystemExit):
        parsed(*argv)
    assert capsys.readouterr().err == 'p: --fault: a is given twice\n'


def test_a_required_option_is_asked_for(capsys):
    parser = Parser(prog='p')
    add_policies_argument(parser, 'bundles', required=True)
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert '--policy' in capsys.readouterr().err
