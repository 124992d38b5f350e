"""A sweep keeps finished results, resumes where it was killed, and survives failures."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import work

from liquid_control.jobs.sweep import Piece, sweep

HERE = Path(__file__).parent


def notes(folder: Path, count: int, gate: str = '') -> list[Piece]:
    """Pieces, all but the first of which wait for the gate."""
    return [
        Piece(
            f'n{number}',
            work.note,
            {'folder': str(folder), 'name': f'n{number}', 'gate': gate if number else ''},
        )
        for number in range(count)
    ]


def did(folder: Path) -> dict[str, int]:
    return {path.stem: len(path.read_text()) for path in folder.glob('*.did')}


def results(outcomes) -> dict:
    return {name: (o['ok'], o.get('result')) for name, o in outcomes.items()}


def test_what_is_done_is_kept_and_not_done_again(tmp_path):
    shown = []
    pieces = notes(tmp_path, 3)
    first = sweep(
        pieces, tmp_path / 'out', workers=2, show=lambda p: shown.append((p.share, p.left_s))
    )
    assert list(first) == ['n0', 'n1', 'n2']
    assert shown[-1] == (1.0, 0.0)
    again = sweep(pieces, tmp_path / 'out')
    assert results(again) == results(first)
    assert did(tmp_path) == {'n0': 1, 'n1': 1, 'n2': 1}
    changed = [*pieces[:2], Piece('n2', work.note, pieces[2].arguments, inputs='another file')]
    sweep(changed, tmp_path / 'out')
    assert did(tmp_path) == {'n0': 1, 'n1': 1, 'n2': 2}


def test_what_fails_is_a_result_and_tried_again(tmp_path):
    pieces = [
        Piece('broken', work.broken, {'folder': str(tmp_path)}),
        Piece('dies', work.dies, {'folder': str(tmp_path)}),
        *notes(tmp_path, 1),
    ]
    for runs in (1, 2):
        found = sweep(pieces, tmp_path / 'out')
        assert [o['ok'] for o in found.values()] == [False, False, True]
        assert found['broken']['error'] == 'this bag is broken'
        assert 'signal 9' in found['dies']['error']
        assert json.loads((tmp_path / 'out' / 'dies.json').read_text())['ok'] is False
        assert did(tmp_path) == {'broken': runs, 'dies': runs, 'n0': 1}


def test_a_file_cut_short_is_done_again(tmp_path):
    sweep(notes(tmp_path, 1), tmp_path / 'out')
    file = tmp_path / 'out' / 'n0.json'
    file.write_text(file.read_text()[:20])
    assert sweep(notes(tmp_path, 1), tmp_path / 'out')['n0']['ok']
    assert did(tmp_path) == {'n0': 2}


def test_a_killed_sweep_goes_on(tmp_path):
    gate = tmp_path / 'gate'
    script = tmp_path / 'killed.py'
    script.write_text(
        'import sys; from pathlib import Path; import test_sweep as t\n'
        'if __name__ == "__main__":\n'
        '    folder, gate = Path(sys.argv[1]), sys.argv[2]\n'
        '    t.sweep(t.notes(folder, 4, gate), folder / "out")\n'
    )
    path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), str(gate)],
        env={**os.environ, 'PYTHONPATH': path},
    )
    until = time.monotonic() + 120
    while not (tmp_path / 'out' / 'n0.json').exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [p.stem for p in (tmp_path / 'out').glob('*.json')] == ['n0']
    gate.touch()
    found = sweep(notes(tmp_path, 4, str(gate)), tmp_path / 'out')
    assert all(o['ok'] for o in found.values())
    assert did(tmp_path)['n0'] == 1
    assert results(found) == results(sweep(notes(tmp_path, 4), tmp_path / 'other'))


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(ValueError, match='n0 is there more than once'):
        sweep([*notes(tmp_path, 1), *notes(tmp_path, 1)], tmp_path)
    with pytest.raises(ValueError, match=r"unknown engine 'rey' .did you mean 'ray'"):
        sweep(notes(tmp_path, 1), tmp_path, engine='rey')
