"""Errors on a terminal: no line is wider than it, and no word is broken."""

import io
import sys

import pytest

from liquid_control.cli.complain import complain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize('width', [20, 80])
def test_an_error_breaks_between_words_alone(monkeypatch, width):
    text = 'unknown policy for walker2d, cf; there are: ' + ', '.join(map('p-{}'.format, range(40)))
    monkeypatch.setenv('COLUMNS', str(width))
    monkeypatch.setattr(sys, 'stderr', Terminal())
    complain(text)
    lines = sys.stderr.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert ' '.join(lines) == text


def test_in_a_file_an_error_is_one_line(monkeypatch):
    monkeypatch.setenv('COLUMNS', '20')
    monkeypatch.setattr(sys, 'stderr', io.StringIO())
    complain('a text of more than twenty columns')
    assert sys.stderr.getvalue() == 'a text of more than twenty columns\n'
