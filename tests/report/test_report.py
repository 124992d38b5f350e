"""The report is complete and self-contained; tables; the replay verb; video."""

import html
import html.parser
import io
import json
import shutil

import numpy as np
import pytest
from rich.console import Console

from liquid_control.bags.bag import Bag
from liquid_control.cli.main import main
from liquid_control.evaluation.metrics import measure
from liquid_control.evaluation.timing import timing
from liquid_control.report import film, run_report, video
from liquid_control.report.run_plots import channel_ratios
from liquid_control.report.run_report import write_report
from liquid_control.report.run_table import ACHIEVED, ANSWERED, comparison, comparisons
from liquid_control.report.summary import summary


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
    assert text.count('<figure') == 1 + 2 * 3 + 1
    metrics = [json.loads((f / 'metrics.json').read_text()) for f in folders]
    for table in comparisons(metrics):
        for row in table.rows:
            for cell in row:
                assert f'>{html.escape(cell)}</td>' in text
    for found in metrics:
        assert found['run']['bundle']['sha256'] in text
        assert found['run']['provenance']['machine']['processor'] in text


def test_a_large_video_is_linked(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(run_report, 'EMBED_LIMIT', 10)
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
    (table,) = comparisons(metrics)
    assert [len(row) for row in table.rows] == [len(ACHIEVED)] * 3
    assert table.rows[-1][:3] == ['– (not complete)', '–', '–']


def shown(metrics, width=80):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(comparison(metrics))
    return console.export_text()


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


def test_pictures_show_time_title_and_a_fall():
    picture = np.full((480, 640, 3), 90, dtype=np.uint8)
    caption = film.Caption('cfc under gaussian:0.1')
    walking, later = caption.write(picture, 1.0, False), caption.write(picture, 2.0, False)
    assert (picture == 90).all(), 'the picture itself is left alone'
    assert walking.shape == picture.shape
    assert (walking[:40, :320] != picture[:40, :320]).any(), 'the title'
    np.testing.assert_array_equal(walking[:, :320], later[:, :320])
    assert (walking[:40, 320:] != later[:40, 320:]).any(), 'the time'
    fallen = caption.write(picture, 2.0, True)
    assert ((fallen[..., 0] > 200) & (fallen[..., 1] < 120)).sum() > 100, 'in red'
    assert not ((walking[..., 0] > 200) & (walking[..., 1] < 120)).any()


@pytest.mark.parametrize('terminated', [False, True])
def test_a_fall_at_the_end_of_the_first_episode_is_seen(folders, terminated, monkeypatch):
    rows = {name: np.zeros(4) for name in ('episode', 'seed', 'return', 'step', 'truncated')}
    rows |= {'episode': np.array([0, 0, 1, 1]), 'terminated': np.array([0, terminated, 0, 0])}
    monkeypatch.setattr(video, 'episode_rows', lambda bag: rows)
    assert video.fell_at_end(Bag(folders[0])) is terminated


def test_a_video_is_drawn_where_the_machine_can(folders):
    why = video.render(folders[0], seconds=0.2)
    if why:
        pytest.skip(why)
    assert (folders[0] / 'walk.mp4').read_bytes()[4:8] == b'ftyp'


def timed(metrics, missed, mode='realtime', **figures):
    """The same run, as one in real time that missed some of its deadlines."""
    found = {**metrics, 'run': {**metrics['run'], 'mode': mode}}
    found['figures'] = {**metrics['figures'], 'return_mean': None}
    found['timing'] = {**timing(np.full(1000, 2.5e-3), missed, 1000), 'walk': {'return_mean': 157}}
    return found


def test_a_slow_machine_is_reported(folders):
    metrics = measure(folders[0])
    slow = ' '.join(shown([metrics, timed(metrics, 607)]).split())
    assert 'missed 607 of 1,000 deadlines (60.7 %, limit 1 %)' in slow
    assert 'too slow for real time beside this load' in slow
    assert '157' not in slow
    fast = ' '.join(shown([metrics, timed(metrics, 4)]).split())
    assert 'fast enough' in fast
    assert 'too slow' not in fast


def test_the_report_too_says_that_a_machine_is_too_slow(folders, tmp_path):
    run = json.loads((folders[0] / 'run.json').read_text())
    (folders[0] / 'run.json').write_text(json.dumps({**run, 'mode': 'realtime'}))
    total = measure(folders[0])['timing']['walk']['return_mean']
    text = write_report(tmp_path / 'report.html', folders[:1]).read_text()
    assert 'too slow for real time beside this load' in text, 'three of its steps were late'
    assert f'>{total:.1f}</td>' not in text
    assert 'return <' not in text
    assert '<th>return</th>' not in text


def test_a_report_opens_with_a_sentence(folders, tmp_path):
    text = write_report(tmp_path / 'report.html', folders).read_text()
    assert 0 < text.index('class="answer"') < text.index('<table')


LONG = 'gaussian:0.1+dropped:0.05+delay:2'


def test_at_80_columns_no_word_is_wrapped_or_cut(folders):
    metrics = measure(folders[0])
    metrics['run'] |= {'policy': 'my_walker_policy_v2', 'fault': LONG}
    text = shown([metrics, timed(metrics, 607)])
    assert max(map(len, text.splitlines())) <= 80
    for part in ('my_walker_', 'policy_v2', 'gaussian:0.1', '+dropped:0.05', '+delay:2'):
        assert part in text
    assert '…' not in text


def test_a_percentile_beyond_the_period_is_said_as_such(folders):
    metrics = timed(measure(folders[0]), 607)
    place = [column.heading for column in ANSWERED].index('sensor → command, ms')
    metrics['timing']['sensor_to_command_ms_p99'] = None
    *_, table = comparisons([metrics])
    assert table.rows[0][place] == '2.5/>8'


def test_a_missing_prediction_error_has_its_reason(folders):
    clean, noisy = (measure(folder) for folder in folders)
    assert not any(table.note for table in comparisons([clean, noisy]))
    noisy['figures'].update(prediction_scored=0, prediction_ratio=None)
    (table,) = comparisons([clean, noisy])
    assert 'predictions are for one nominal period ahead' in table.note
    assert table.note in ' '.join(shown([clean, noisy]).split())


def test_walks_in_real_time_say_that_they_have_no_fault(folders):
    clean, noisy = (measure(folder) for folder in folders)
    (_, table) = comparisons([clean, noisy, timed(clean, 4)])
    assert table.title.endswith('on this machine, without faults')
    (_, table) = comparisons([clean, noisy, timed(noisy, 4)])
    assert table.title.endswith('on this machine')


def test_the_legend_names_what_has_points():
    ratios = [('seen', {'hip': 0.5}), ('unseen', {'hip': None})]
    plot = channel_ratios(ratios)
    assert '>seen<' in plot.svg
    assert 'unseen' not in plot.svg
    assert channel_ratios(ratios[1:]) is None


def test_what_a_fault_costs_is_said(folders):
    metrics = [measure(folder) for folder in folders]
    for one, total in zip(metrics, (4000.0, 3000.0), strict=True):
        one['figures']['return_mean'] = total
    said = ' '.join(sentence.text for sentence in summary(metrics))
    assert 'Under gaussian:0.1, untrained keeps 75 % of its return' in said


def test_a_policy_that_was_stopped_on_a_robot_is_said_so():
    run = {'policy': 'cfc', 'mode': 'robot'}
    one = {'run': run, 'complete': True, 'figures': {}, 'timing': None,
           'counts': {'answered': 1200, 'stopped': 'no observation for 0.3 s'}}  # fmt: skip
    (said,) = summary([one])
    assert said.bad
    assert said.text == (
        'cfc answered 1,200 observations, then it was stopped: no observation for 0.3 s.'
    )
    one['counts']['stopped'] = None
    assert not summary([one])[0].bad
    one['counts'] |= {'shadow': True, 'events': {'steps': 6}}
    assert summary([one])[0].text.startswith('cfc took 6 steps in the shadow of another driver')
