"""Jobs in processes: their work is done, failures are reported, and no process is left behind."""

import contextlib
import os
import signal
import time
from pathlib import Path

from liquid_control.jobs.pool import Job, work


def touch(path, report):
    report(0.5, 'half')
    Path(path).touch()


def fail(report):
    raise ValueError('no good')


def stumble(report):
    raise KeyError('what is this')


def die(report):
    os.kill(os.getpid(), signal.SIGKILL)


def hold(path, report):
    Path(path).write_text(str(os.getpid()))
    while True:
        report(0.1, 'still')
        time.sleep(0.01)


def test_jobs_end_without_disturbing_others(tmp_path):
    jobs = [
        Job('fail', fail, ()),
        Job('stumble', stumble, ()),
        Job('die', die, ()),
        *(Job(f'touch {i}', touch, (tmp_path / str(i),)) for i in range(3)),
    ]
    for state in work(jobs, workers=2):
        assert len(state.live) <= 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ['0', '1', '2']
    assert set(state.finished) == {'touch 0', 'touch 1', 'touch 2'}
    assert state.failed['fail'] == 'no good'
    assert 'what is this' in state.failed['stumble']
    assert state.failed['die'] == 'signal 9 ended it (is memory short?)'


def test_a_caller_that_stops_ends_all_jobs(tmp_path):
    file = tmp_path / 'pid'
    with contextlib.closing(work([Job('hold', hold, (file,))], workers=1)) as states:
        for state in states:
            if any(live.text == 'still' for live in state.live.values()):
                break
    for _ in range(100):
        if not Path(f'/proc/{file.read_text()}').exists():
            break
        time.sleep(0.05)
    else:
        raise AssertionError('the process is still there')
