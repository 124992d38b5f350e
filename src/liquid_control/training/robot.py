"""What students and teachers must fit: the Walker2d that training simulates."""

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract

SEEN_BY_STUDENTS = ('joint_position', 'previous_action')
SEEN_BY_TEACHERS = ('joint_position', 'joint_velocity')
"""Terms of the robot's contract that they read."""


def contract_of_students(robot: Contract) -> Contract:
    """What a student asks of the robot.

    Raises:
        ValueError: the robot is not the Walker2d that training simulates, or has no ``std``, in
            units of which faults are defined.
    """
    simulated = _simulated(*SEEN_BY_STUDENTS)
    found = simulated.differences(robot) or _other_gap(simulated, robot)
    if not found:
        contract = robot.asking(*SEEN_BY_STUDENTS)
        found = _misplaced(contract)
    if found:
        raise ValueError(
            f'{robot.source}: training simulates Walker2d alone, and this is another robot: '
            + '; '.join(found[:3])
        )
    for term in contract.sensed:
        if term.std is None:
            raise ValueError(f'{robot.source}: {term.name}: training needs its std, found none')
    return contract


def check_teacher(bundle: Bundle, source: str) -> None:
    """Refuse a bundle that cannot label Walker2d's states, one at a time.

    Raises:
        ValueError: it never drives, reads anything but all 17 observations, is for another robot,
            or remembers.
    """
    contract, state_size = bundle.contract, bundle.counts['state_size']
    if not bundle.drives:
        raise ValueError(f'{source}: a teacher must drive, and this is a predictor')
    terms = [term.name for term in contract.terms]
    if terms != list(SEEN_BY_TEACHERS):
        raise ValueError(
            f'{source}: a teacher must read {" and ".join(SEEN_BY_TEACHERS)}, found {terms}'
        )
    found = contract.differences(_simulated(*SEEN_BY_TEACHERS)) or _misplaced(contract)
    if found:
        raise ValueError(
            f'{source}: a teacher must be a policy for Walker2d: {"; ".join(found[:3])}'
        )
    if state_size != 1:
        raise ValueError(
            f'{source}: a teacher must have no memory, found a state of {state_size} values'
        )


def _simulated(*names: str) -> Contract:
    return Contract.load(paths.robot('walker2d')).asking(*names)


def _other_gap(simulated: Contract, robot: Contract) -> list[str]:
    """In training no gap is long enough to reset a memory."""
    if robot.max_gap == simulated.max_gap:
        return []
    return [f'max_gap: expected {simulated.max_gap}, found {robot.max_gap}']


def _misplaced(contract: Contract) -> list[str]:
    """Training reads and commands the simulation's arrays, in their order."""
    wanted = _simulated(*(term.name for term in contract.terms)).sensed_channels
    if contract.sensed_channels == wanted:
        return []
    return [f'expected the channels {list(wanted)}, found {list(contract.sensed_channels)}']
