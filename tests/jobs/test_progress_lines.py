"""Progress in a log: one line a state, never wrapped, with the list that the jobs are of."""

import io

from rich.console import Console

from liquid_control.cli import progress as shown
from liquid_control.jobs import Progress


def logged(monkeypatch, *states):
    monkeypatch.setattr(shown, '_LINE_S', -1.0)
    file = io.StringIO()
    with shown.reporting(Console(file=file, width=30), 'study') as report:
        for share, text in states:
            report(share, text, 5.0)
    return file.getvalue().splitlines()


def test_no_line_is_printed_twice(monkeypatch):
    lines = logged(monkeypatch, (0.0, '0/2 runs'), (0.0, '0/2 runs'), (0.5, '1/2 runs'))
    assert lines == ['study: 0%, 5 s left, 0/2 runs', 'study: 50%, 5 s left, 1/2 runs']


def test_long_lines_are_not_wrapped(monkeypatch):
    text = 'comparison-cfc-5000-seed0 3% loss 0.123 [x]'
    assert logged(monkeypatch, (0.5, text)) == [f'study: 50%, 5 s left, {text}']


def test_lines_name_their_list():
    progress = Progress()
    progress.add('a')
    assert progress.text('runs') == '0/1 runs'
    progress.title = 'lorenz'
    assert progress.text('runs') == 'lorenz: 0/1 runs'
