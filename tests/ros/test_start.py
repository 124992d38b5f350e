"""A node that is interrupted while it is still importing ends without a traceback."""

import os
import signal
import subprocess
import sys

import pytest
from support import interruptible

NODES = ('sim', 'fault', 'policy', 'monitor', 'bag')


@pytest.mark.parametrize('name', NODES)
def test_interrupted_while_importing_it_says_so_on_one_line(tmp_path, name):
    (tmp_path / 'rclpy').mkdir()
    slow = "import sys, time\nprint('importing', flush=True)\ntime.sleep(60)\n"
    (tmp_path / 'rclpy' / '__init__.py').write_text(slow)
    process = subprocess.Popen(
        [sys.executable, '-c', f'from liquid_control.nodes.start import {name}_node as go; go()'],
        env={**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    )
    try:
        assert process.stdout.readline() == 'importing\n'
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == f'{name}_node: interrupted\n'


def test_a_module_that_starts_nodes_gives_them_their_arguments():
    process = subprocess.Popen(
        [sys.executable, '-m', 'liquid_control.nodes.start', 'sim_node', '--help'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert 'priority' in said
