"""Bags of a real robot: trained on the good part of one, the alarm finds the failure in another."""

import os
from pathlib import Path

import numpy as np
import pytest

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.control import Contract, PolicyRunner
from liquid_control.replay.results import replay_policies

DATA = Path(os.environ.get('LIQUID_CONTROL_DATA') or Path(__file__).parents[3] / 'shared/data')
BAGS = DATA / 'bags'
pytestmark = pytest.mark.skipif(
    not (BAGS / 'go2_walk_mcap').is_dir(),
    reason=f'no Go2 bags in {BAGS}: set LIQUID_CONTROL_DATA to the folder with bags/',
)
LETS_GO = {'go2_walk': 11.43, 'go2_walk2': 11.55}
"""Seconds at which the efforts drop, as seen in the bags."""


def contract() -> Contract:
    return Contract.load(paths.robot('go2'))


@pytest.mark.slow
@pytest.mark.parametrize(
    ('trained', 'replayed'), [('go2_walk', 'go2_walk2'), ('go2_walk2', 'go2_walk')]
)
def test_alarm_rises_within_a_second(trained, replayed, tmp_path):
    torch = pytest.importorskip('torch')
    from liquid_control.bags.recording import read_recording
    from liquid_control.training.predictor.publish import publish_predictor
    from liquid_control.training.predictor.train import RecordedSettings

    torch.set_num_threads(1)
    good = read_recording(Bag(BAGS / f'{trained}_mcap'), contract(), stop=11.0)
    bundle = publish_predictor(
        tmp_path / 'go2.onnx', RecordedSettings('lstm'), [good], contract(), tmp_path, print
    )
    runner = PolicyRunner(bundle)
    for name in (replayed, trained):
        (score,), heard = replay_policies(Bag(BAGS / f'{name}_mcap'), [runner], contract())
        (event,) = score['alarm']['events']
        print(name, event['start_s'], score['alarm']['threshold'])
        assert LETS_GO[name] < event['start_s'] < LETS_GO[name] + 1.0
        assert event['end_s'] is None
        (silence,) = heard['silences']
        assert silence['topic'] == 'joint_commands'
        assert silence['since_s'] == pytest.approx({'go2_walk': 14.48, 'go2_walk2': 13.07}[name],
                                                   abs=0.01)  # fmt: skip


@pytest.mark.slow
def test_both_formats_give_the_same(tmp_path):
    from support import make_bundle

    def gentle(weights):
        weights['P'] = np.eye(*weights['P'].shape) + 0.01 * weights['P']

    robot = contract()
    path = make_bundle(tmp_path / 'any.onnx', robot.asking(*(t.name for t in robot.terms)),
                       edit=gentle)  # fmt: skip
    found = []
    for name in ('go2_walk_db3', 'go2_walk_mcap'):
        (score,), heard = replay_policies(Bag(BAGS / name), [PolicyRunner(path)], robot)
        found.append(({k: v for k, v in score.items() if 'step_us' not in k}, heard))
    assert found[0] == found[1]
