"""The report is complete and self-contained; tables; the replay verb; video."""

import html
import html.parser
import io
import json
import shutil

import pytest
from rich.console import Console

from liquid_control.cli import main
from liquid_control.evaluation.metrics import measure
from liquid_control.report import report, video
from liquid_control.report.report import write_report
from liquid_control.report.table import (
    COLUMNS,
    comparison_rows,
    comparison_table,
)


@pytest.fixture
def folders(walks, tmp_path):
    """Two measured runs, copied so that tests may change them."""
    made = []
    for number, fault in enumerate(('none', 'gaussian:0.1')):
        made.append(tmp_path / f'run{number}')
        shutil.copytree(walks(fault).folder, made[-1])
        measure(made[-1])
    return made


class Balance(html.parser.HTMLParser):
    """Checks that tags close in order, and collects external resources."""

    VOID = ('meta', 'link', 'br', 'img', 'hr')

    def __init__(self):
        super().__init__()
        self.open, self.loaded = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.loaded += [v for k, v in attrs if k in ('src', 'href', 'xlink:href') and v]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_is_one_file_with_every_figure(folders, tmp_path):
    (folders[0] / 'walk.mp4').write_bytes(b'not really a video')
    text = write_report(tmp_path / 'report.html', folders).read_text()
    page = Balance()
    page.feed(text)
    assert page.open == []
    assert [s for s in page.loaded if not s.startswith(('#', 'data:'))] == []
    assert sum(s.startswith('data:video/mp4;base64,') for s in page.loaded) == 1
    assert 'url(http' not in text
    assert text.count('<figure') == 1 + 2 * 4 + 1
    metrics = [json.loads((f / 'metrics.json').read_text()) for f in folders]
    for row in comparison_rows(metrics):
        for cell in row:
            assert f'>{html.escape(cell)}</td>' in text
    for found in metrics:
        assert found['run']['bundle']['sha256'] in text
        assert found['run']['provenance']['machine']['processor'] in text


def test_a_large_video_is_linked(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(report, 'EMBED_LIMIT', 10)
    (folders[0] / 'walk.mp4').write_bytes(b'more than ten bytes')
    text = write_report(tmp_path / 'report.html', folders).read_text()
    assert 'href="run0/walk.mp4"' in text


def test_broken_runs_are_in_the_report_with_the_reason(folders, tmp_path):
    (folders[0] / 'bag' / 'bag.mcap').write_bytes(b'')
    (folders[0] / 'metrics.json').unlink()
    empty = tmp_path / 'empty'
    empty.mkdir()
    text = write_report(tmp_path / 'report.html', [*folders, empty]).read_text()
    assert 'no messages in this bag' in text
    assert 'is this a run folder?' in text
    assert 'reached its end' in text or 'fell' in text


def test_names_from_outside_are_escaped(folders, tmp_path):
    run = json.loads((folders[0] / 'run.json').read_text())
    run['policy'] = '<script>alert(1)</script>'
    (folders[0] / 'run.json').write_text(json.dumps(run))
    measure(folders[0])
    text = write_report(tmp_path / 'report.html', folders).read_text()
    assert '<script' not in text


def test_tables_have_a_row_a_run_and_take_what_is_missing(folders):
    metrics = [measure(f) for f in folders]
    metrics.append({'complete': False, 'why': 'x', 'run': {}, 'figures': {}, 'episodes': []})
    rows = comparison_rows(metrics)
    assert [len(row) for row in rows] == [len(COLUMNS)] * 3
    assert rows[-1][:3] == ['– (not complete)', '–', '–']
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(comparison_table(metrics))
    assert '20/41' in console.export_text()


def test_the_replay_verb_compares_policies(folders, bundle, other, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '120')
    out = tmp_path / 'replay.json'
    code = main(['replay', str(folders[1]), '--json', str(out)])
    assert code == 0
    found = json.loads(out.read_text())
    assert found['complete']
    assert found['policies'][0]['action_difference_max'] == 0
    metrics = json.loads((folders[1] / 'metrics.json').read_text())['figures']
    for name in ('prediction_mse', 'persistence_mse', 'prediction_ratio', 'prediction_scored'):
        assert found['policies'][0][name] == pytest.approx(metrics[name], rel=1e-12)
    policies = [
        '--policy',
        str(other),
        '--policy',
        str(bundle),
    ]
    assert main(['replay', str(folders[1]), *policies, '--json', str(out)]) == 0
    scores = json.loads(out.read_text())['policies']
    assert scores[0]['action_difference_max'] > 0
    assert scores[1]['action_difference_max'] == 0
    assert scores[0]['persistence_mse'] == scores[1]['persistence_mse']
    assert 'untrained' in capsys.readouterr().out


def test_the_replay_verb_says_what_it_lacks(folders, bundle, tmp_path, capsys):
    bag = tmp_path / 'alone.mcap'
    shutil.copy(folders[1] / 'bag' / 'bag.mcap', bag)
    assert main(['replay', str(bag)]) == 1
    assert 'give --robot' in capsys.readouterr().err
    arguments = ['replay', str(bag), '--robot', 'walker2d']
    assert main(arguments) == 1
    assert 'give --policy' in capsys.readouterr().err
    arguments += ['--policy', str(bundle)]
    assert main([*arguments, '--observed', 'joint_states=faulty/joint_states']) == 0
    assert main([*arguments, '--observed', 'joint_states=nowhere']) == 1
    assert "unknown topic 'nowhere'" in capsys.readouterr().err
    assert main([*arguments, '--observed', 'joint_stats=faulty/joint_states']) == 1
    assert "unknown topic 'joint_stats' (did you mean 'joint_states'?)" in capsys.readouterr().err
    run = json.loads((folders[1] / 'run.json').read_text())
    run['bundle']['sha256'] = '0' * 64
    (folders[1] / 'run.json').write_text(json.dumps(run))
    assert main(['replay', str(folders[1])]) == 1
    assert 'is not the recorded policy' in capsys.readouterr().err
    assert main(['replay', str(tmp_path / 'none'), '--policy', str(bundle)]) == 1
    bag.write_bytes(bag.read_bytes()[:-200])
    assert main([*arguments, '--observed', 'joint_states=faulty/joint_states']) == 1
    assert 'cut short' in capsys.readouterr().out


def test_where_no_video_can_be_drawn_one_line_says_why(folders, monkeypatch, tmp_path):
    monkeypatch.setenv('MUJOCO_GL', 'nothing')
    why = video.render(folders[0])
    assert why.startswith('nothing: ')
    assert '\n' not in why
    assert not list(folders[0].glob('*.mp4'))
    assert 'no such folder' in video.render(tmp_path / 'nowhere')


def test_a_video_is_drawn_where_the_machine_can(folders):
    why = video.render(folders[0], seconds=0.2)
    if why:
        pytest.skip(why)
    assert (folders[0] / 'walk.mp4').read_bytes()[4:8] == b'ftyp'


def test_a_percentile_beyond_the_period_is_said_as_such(folders):
    metrics = measure(folders[0])
    place = [column.heading for column in COLUMNS].index('sensor → command, ms')
    metrics['figures'] |= {'sensor_to_command_ms_p50': 2.5, 'sensor_to_command_ms_p99': None}
    assert comparison_rows([metrics])[0][place] == '2.5/>8'
    metrics['figures']['sensor_to_command_ms_p50'] = None
    assert '>' not in comparison_rows([metrics])[0][place]
