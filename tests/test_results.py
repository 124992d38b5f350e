"""``--json -`` and ``--csv``: results on standard output, everything else on standard error."""

import csv
import json

import pytest
from rich.console import Console

from liquid_control.cli import main as cli
from liquid_control.cli.arguments import add_json_argument
from liquid_control.report.fitted import keeping
from liquid_control.report.run_table import comparison
from liquid_control.report.tables import Figure, csv_text, new_table


@pytest.fixture
def verb(monkeypatch):
    """A verb that prints a table, and writes one figure as JSON."""

    class Verb:
        tables = 1

        @staticmethod
        def add_arguments(parser):
            add_json_argument(parser, 'the figure')

        @staticmethod
        def main(args):
            from liquid_control.provenance import write_json

            for _ in range(Verb.tables):
                table = new_table('policy', Figure('step, µs', '.0f', ('p50', 'p99')))
                table.add_row('cfc', (14.25, 150.5))
                Console().print(table)
            if args.json:
                write_json(args.json, {'step': 14.25})
            print('done')
            return 3

    monkeypatch.setattr(cli.importlib, 'import_module', lambda name: Verb)
    return Verb


def test_json_on_standard_output_is_alone_there(verb, capsys):
    assert cli.main(['bag', '--json', '-']) == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {'step': 14.25}
    assert 'cfc' in err
    assert 'done' in err


@pytest.mark.parametrize('target', ['-', 'figures.csv'])
def test_csv_of_the_tables_that_were_printed(verb, capsys, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    verb.tables = 2
    assert cli.main(['bag', '--csv', target]) == 3
    out, err = capsys.readouterr()
    text = out if target == '-' else (tmp_path / target).read_text()
    table = ['policy', 'step, µs p50', 'step, µs p99'], ['cfc', '14.25', '150.5']
    assert list(csv.reader(text.splitlines())) == [*table, [], *table]
    assert ('14/150' in err) == (target == '-')


def test_both_may_be_written_but_only_one_to_standard_output(verb, capsys, tmp_path):
    assert cli.main(['bag', '--csv', '-', '--json', str(tmp_path / 'x.json')]) == 3
    assert json.loads((tmp_path / 'x.json').read_text()) == {'step': 14.25}
    assert cli.main(['bag', '--csv', '-', '--json', '-']) == 1
    assert 'only one of them can be standard output' in capsys.readouterr().err
    assert cli.main(['bag', '--csv', 'same', '--json', 'same']) == 1
    assert 'only one of them can be same' in capsys.readouterr().err


def test_no_table_is_an_error(verb, capsys, tmp_path):
    verb.tables = 0
    assert cli.main(['bag', '--csv', str(tmp_path / 'x.csv')]) == 1
    assert 'there is no table to write' in capsys.readouterr().err


def test_every_verb_that_measures_can_write_both():
    parser = cli.command_line(*cli.VERBS)
    for argv in (
        'run', 'demo', 'replay x', 'bag x', 'benchmark latency', 'benchmark training',
        'train score cfc', 'train policy --out x', 'study walker2d-kinematics --data x',
    ):  # fmt: skip
        args = parser.parse_args([*argv.split(), '--json', '-', '--csv', 'x.csv'])
        assert (str(args.json), str(args.csv)) == ('-', 'x.csv')


def test_a_contract_as_json_on_standard_output(capsys):
    assert cli.main(['inspect', 'walker2d', '--json', '-']) == 0
    assert json.loads(capsys.readouterr().out)['kind'] == 'contract'


def test_tables_of_a_replay_and_of_a_bag_have_all_digits(walks, bundle, capsys):
    folder = str(walks().folder)
    assert cli.main(['replay', folder, '--policy', str(bundle), '--csv', '-']) == 0
    first, *_ = capsys.readouterr().out.split('\n\n')
    (row,) = csv.DictReader(first.splitlines())
    assert int(row['steps used']) > 0
    assert len(row['ratio']) > 6
    assert float(row['step µs p50']) <= float(row['step µs p99'])
    assert cli.main(['bag', folder, '--csv', '-']) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert all(float(row['messages']) > 0 for row in rows)


def test_the_comparison_of_runs_has_all_digits(capsys):
    run = {'policy': 'cfc', 'fault': 'gaussian:0.1+dropped:0.05', 'mode': 'lockstep'}
    figures = {'return_mean': 4671.25, 'prediction_ratio': 0.0363636, 'parameters': 19982}
    with keeping() as tables:
        Console().print(comparison([{'run': run, 'figures': figures, 'complete': True}]))
    (row,) = csv.DictReader(csv_text(tables).splitlines())
    assert row['fault'] == 'gaussian:0.1+dropped:0.05'
    assert (row['return'], row['params']) == ('4671.25', '19982')
