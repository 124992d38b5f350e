"""Teachers, which label the states that students are trained on, and what students may be asked.

Training simulates a robot as the contract of its description says, and refuses any other.
"""

from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.expert import Expert
from liquid_control.sim import SimulatedRobot, robot_of, simulated_robots


class Teacher(Expert):
    """An expert that labels the states of a robot.

    Args:
        bundle: the expert, as :func:`read_teacher` returns it.
        count: number of worlds.
        robot: what is simulated.

    Raises:
        ValueError: as :func:`check_teacher`.
    """

    def __init__(self, bundle: Bundle, count: int, robot: SimulatedRobot):
        check_teacher(bundle, robot)
        super().__init__(bundle, count)
        self.robot, self.bundle = robot, bundle


def read_teacher(path: Path, robot: SimulatedRobot) -> Bundle:
    """Read the bundle of a teacher.

    Raises:
        BundleError: the file is not a valid bundle.
        ValueError: as :func:`check_teacher`.
    """
    bundle = Bundle.read(path)
    check_teacher(bundle, robot)
    return bundle


def check_teacher(bundle: Bundle, robot: SimulatedRobot) -> None:
    """Refuse a bundle that cannot label a robot's states, one at a time.

    Raises:
        ValueError: it never drives, reads other terms than the robot's teachers, is for another
            robot, or has a memory.
    """
    source = bundle.path or bundle.cell
    contract, state_size = bundle.contract, bundle.counts['state_size']
    if not bundle.drives:
        raise ValueError(f'{source}: a teacher must drive, and this is a predictor')
    terms = [term.name for term in contract.terms]
    if terms != list(robot.teacher_terms):
        raise ValueError(
            f'{source}: a teacher must read {" and ".join(robot.teacher_terms)}, found {terms}'
        )
    own = robot.contract()
    differences = contract.differences(own) or _other_order(contract, own)
    if differences:
        raise ValueError(
            f'{source}: a teacher must be a policy for {robot.name}: {"; ".join(differences[:3])}'
        )
    if state_size != 1:
        raise ValueError(
            f'{source}: a teacher must have no memory, found a state of {state_size} values'
        )


def student_contract(robot: Contract) -> Contract:
    """What a student asks of the robot.

    Raises:
        ValueError: the robot is not simulated, differs from the one that is, or has no ``std``, in
            units of which faults are defined.
    """
    simulated = simulated_robots().get(robot.robot) or robot_of(robot)
    own = simulated.contract()
    wanted = own.asking(*simulated.student_terms)
    differences = wanted.differences(robot) or _other_gap(own, robot)
    if not differences:
        contract = robot.asking(*simulated.student_terms)
        differences = _other_order(contract, own)
    if differences:
        raise ValueError(
            f'{robot.source}: training simulates {simulated.name} as {own.source} describes it, '
            'and this is another robot: ' + '; '.join(differences[:3])
        )
    for term in contract.sensed:
        if term.std is None:
            raise ValueError(f'{robot.source}: {term.name}: training needs its std, found none')
    return contract


def _other_gap(own: Contract, robot: Contract) -> list[str]:
    """In training no gap is long enough to reset a memory."""
    if robot.max_gap == own.max_gap:
        return []
    return [f'max_gap: expected {own.max_gap}, found {robot.max_gap}']


def _other_order(contract: Contract, own: Contract) -> list[str]:
    """Students and teachers of one robot agree on the order of their values."""
    wanted = own.asking(*(term.name for term in contract.terms)).sensed_channels
    if contract.sensed_channels == wanted:
        return []
    return [f'expected the channels {list(wanted)}, found {list(contract.sensed_channels)}']
