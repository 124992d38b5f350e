"""The floor of a video goes along with a robot that runs far."""

import mujoco
import numpy as np
import pytest

from liquid_control.report.film import Floor
from liquid_control.sim import simulated_robots


@pytest.mark.parametrize('robot', simulated_robots().values(), ids=lambda robot: robot.name)
def test_the_floor_moves_by_whole_tiles(robot):
    model = robot.load_model()
    data, floor = mujoco.MjData(model), Floor(robot, model)
    tile = 2.0 * 40.0 / 60.0  # 60 tiles on a floor of 80 m, in all of Gymnasium's models
    for distance in (0.0, 5.0, 300.0):
        data.qpos[0] = distance
        mujoco.mj_forward(model, data)
        floor.follow(data)
        moved = data.geom_xpos[model.geom('floor').id, 0]
        assert abs(moved - data.body(robot.base).xpos[0]) <= 0.5 * tile + 1e-9
        assert moved / tile == pytest.approx(np.rint(moved / tile), abs=1e-6)
