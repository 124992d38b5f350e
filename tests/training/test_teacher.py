"""Training simulates a robot as its own contract says, and refuses any other."""

import dataclasses

import pytest
from students import TEACHER
from support import ROBOT, STUDENT

from liquid_control.control import Contract
from liquid_control.control.bundle import PREDICTOR
from liquid_control.sim import simulated_robot
from liquid_control.training.teacher import check_teacher, student_contract

WALKER2D = simulated_robot('walker2d')
SEEING = ROBOT.asking('joint_position', 'joint_velocity')


def turned(contract: Contract) -> Contract:
    """The same channels in reverse."""
    first, *rest = contract.terms
    names = ('channels', 'units', 'std')
    back = {name: getattr(first, name)[::-1] for name in names if getattr(first, name)}
    return dataclasses.replace(contract, terms=(dataclasses.replace(first, **back), *rest))


def test_other_noise_is_still_walker2d():
    assert student_contract(ROBOT) == STUDENT
    first, *rest = ROBOT.terms
    louder = dataclasses.replace(first, std=tuple(2.0 * std for std in first.std))
    found = student_contract(dataclasses.replace(ROBOT, terms=(louder, *rest)))
    assert found.terms[0].std == louder.std


def test_a_robot_needs_the_scale_of_its_noise():
    first, *rest = ROBOT.terms
    silent = dataclasses.replace(ROBOT, terms=(dataclasses.replace(first, std=None), *rest))
    with pytest.raises(ValueError, match='joint_position: training needs its std, found none'):
        student_contract(silent)


@pytest.mark.parametrize(
    'robot',
    [
        turned(ROBOT),
        dataclasses.replace(ROBOT, rate=100.0),
        dataclasses.replace(ROBOT, max_gap=0.012),
        dataclasses.replace(ROBOT, action=dataclasses.replace(ROBOT.action, slew=(1.0,) * 6)),
        dataclasses.replace(
            ROBOT, action=dataclasses.replace(ROBOT.action, joints=ROBOT.action.joints[::-1])
        ),
    ],
    ids=['reversed', 'rate', 'gap', 'slew', 'joints'],
)
def test_another_robot_is_refused(robot):
    said = r'training simulates walker2d as .*, and this is another robot: '
    with pytest.raises(ValueError, match=said):
        student_contract(robot)


def test_teacher_drives_without_memory():
    check_teacher(TEACHER, WALKER2D)
    refused = {
        'must have no memory, found a state of 64': {'counts': {'state_size': 64}},
        'must be a policy for walker2d: robot: .*halfcheetah': {
            'contract': dataclasses.replace(SEEING, robot='halfcheetah')
        },
        'must be a policy for walker2d: expected the channels': {'contract': turned(SEEING)},
        'must drive, and this is a predictor': {'settings': {'network': PREDICTOR}},
    }
    for why, change in refused.items():
        with pytest.raises(ValueError, match=why):
            check_teacher(dataclasses.replace(TEACHER, **change), WALKER2D)
