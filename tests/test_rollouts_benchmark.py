"""Rollouts are measured in turn, and what whole rounds measured is shown when it is stopped."""

import json

import pytest

pytest.importorskip('mujoco')

from liquid_control.benchmarks import rollouts
from liquid_control.benchmarks.rollouts import RolloutSettings, measure_rollouts
from liquid_control.cli import main as cli
from liquid_control.paths import policy
from liquid_control.sim import simulated_contract

SHORT = ['benchmark', 'rollouts', '--policy', 'mlp', '--fault', 'none', '--no-plain',
         '--worlds', '4', '--steps', '3', '--cores', '1', '--rounds', '2']  # fmt: skip


@pytest.mark.slow
def test_rows_follow_from_all_rounds_so_far():
    settings = RolloutSettings(
        (policy('mlp', 'walker2d'),), simulated_contract('walker2d'), ('none',), 4, 3, plain=False
    )
    said = []
    found = list(measure_rollouts(settings, [1], 2, lambda *given: said.append(given)))
    assert [len(rows) for rows in found] == [1, 1]
    ((row,), _) = found
    assert row['share'] == pytest.approx(row['closed_loop'] / row['physics'])
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert 0 <= shares[-1] < 1
    names = [text.split(', ')[2] for _, text in said[1:]]
    assert names[:3] == names[5:2:-1] == names[6:], 'every second round in reverse'


@pytest.mark.slow
def test_a_stopped_measurement_shows_whole_rounds(tmp_path, capsys, monkeypatch):
    def stopped(*given):
        yield next(measured(*given))
        raise KeyboardInterrupt

    measured = rollouts.measure_rollouts
    monkeypatch.setattr(rollouts, 'measure_rollouts', stopped)
    out = tmp_path / 'rollouts.json'
    assert cli.main([*SHORT, '--json', str(out)]) == 130
    shown = capsys.readouterr()
    assert 'stopped after 1 of 2 rounds' in shown.err
    assert 'mlp' in shown.out
    assert json.loads(out.read_text())['settings']['rounds'] == 1
