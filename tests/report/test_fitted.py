"""Tables fit the terminal: nothing is cut, and no word is broken."""

import csv
import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from liquid_control.report.fitted import Figure, FittedTable, keeping
from liquid_control.report.tables import csv_text, new_table

FAULT = 'gaussian:0.1+dropped:0.05+jitter:0.25'
TOPIC = '/robot/faulty/joint_states'


def wide_table() -> FittedTable:
    table = new_table(
        'policy', 'fault', Figure('mean return', '.0f'),
        Figure('policy step, µs', '.1f', ('p50', 'p99')),
        *(Figure(f'sensor to command {n}', ',.0f') for n in range(6)), 'topic',
        left=('fault', 'topic'), keys=2,
    )  # fmt: skip
    table.add_row('cfc_mixed', FAULT, 4671.2, (14.25, 150.5), *[19982] * 6, TOPIC)
    return table


def printed(table: FittedTable, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize('width', [200, 120, 80, 60, 40])
def test_nothing_is_cut_and_no_word_is_broken(width):
    lines = printed(wide_table(), width)
    assert max(map(len, lines)) <= width
    words = re.split(r'\s+', '\n'.join(lines))
    for whole in ('cfc_mixed', '4671', '14.2/150.5', '19,982', 'command', 'joint_states'):
        assert any(whole in word for word in words), whole
    for piece in re.findall(r'[^+]+', FAULT):
        assert any(piece in word for word in words), piece
    assert not any('…' in line for line in lines)


@pytest.mark.parametrize('width', [60, 40])
def test_wide_tables_continue_below(width):
    lines = printed(wide_table(), width)
    headed = sum(line.split()[:2] == ['policy', 'fault'] for line in lines)
    assert sum('cfc_mixed' in line for line in lines) == headed
    assert sum('cfc_mixed' in line for line in lines) > 1
    assert sum('19,982' in line for line in lines) >= 1


def test_a_wide_terminal_leaves_everything_on_one_line():
    (row,) = (line for line in printed(wide_table(), 250) if 'cfc_mixed' in line)
    assert FAULT in row
    assert TOPIC in row


def test_csv_has_all_digits_one_column_a_figure_and_no_styles():
    table = new_table('', Figure('step, µs', '.0f', ('p50', 'p99')), 'note\nof it')
    table.add_row(Text('cfc [m]', style='bold'), (142.25, 1038.5), 'a, b')
    table.add_row('lstm', None, '–')
    rows = list(csv.reader(io.StringIO(csv_text([table]))))
    assert rows == [
        ['name', 'step, µs p50', 'step, µs p99', 'note of it'],
        ['cfc [m]', '142.25', '1038.5', 'a, b'],
        ['lstm', '', '', ''],
    ]


def test_square_brackets_are_printed():
    table = new_table('speed [m/s]', Figure('IQM [range]', '.1f'), title='3 seeds [range]')
    table.add_row('[bold]cfc[/]', 1.0)
    said = '\n'.join(printed(table, 80))
    for text in ('speed [m/s]', 'IQM [range]', '3 seeds [range]', '[bold]cfc[/]'):
        assert text in said


@pytest.mark.parametrize(
    ('column', 'value', 'text'),
    [
        (Figure('x', '.1f'), 14.25, '14.2'),
        (Figure('x', '.1f'), None, '–'),
        (Figure('x', '.1f'), float('nan'), '–'),
        (Figure('x', '.1f', ('p50', 'p99')), (2.5, '>8'), '2.5/>8'),
        (Figure('x', '.1f', ('p50', 'p99')), (2.5, None), '2.5/–'),
        (Figure('x', '.0f', ('mean', 'low', 'high'), '{} [{}, {}]', True), (9, 7, 11), '9 [7, 11]'),
        (Figure('x', '.0f', ('mean', 'low', 'high'), '{} [{}, {}]', True), (9, None, None), '9'),
    ],
)
def test_a_figure_says_what_is_known(column, value, text):
    assert column.text(value) == text


def test_only_printed_tables_are_kept_and_each_once():
    table, other = wide_table(), wide_table()
    with keeping() as kept:
        printed(table, 80)
        printed(table, 60)
    printed(other, 80)
    assert kept == [table]
