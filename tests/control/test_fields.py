"""A field path is held against its message type before anything is read."""

import pytest
from cases import case
from support import arm

from liquid_control import paths
from liquid_control.control import Contract, ContractError
from liquid_control.message_types import known, require_fields, standard

JOINT_STATE = 'sensor_msgs/msg/JointState'


def contract(**changes) -> Contract:
    """A contract of one term on ``sensors``."""
    term = {
        'name': 'term', 'topic': 'sensors', 'type': JOINT_STATE, 'field': 'position',
        'joints': ['hip'], 'unit': '1', **changes,
    }  # fmt: skip
    pace = {**arm()['observation'][0], 'joints': ['pace'], 'std': 1.0}
    return Contract.from_dict(arm(observation=[pace, {k: v for k, v in term.items() if v}]))


def components(kind, field, *names):
    return {'type': kind, 'field': field, 'joints': None, 'components': list(names)}


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'field': 'velocity'},
        components('sensor_msgs/msg/Imu', 'angular_velocity', 'x', 'z'),
        components('nav_msgs/msg/Odometry', 'pose.pose.orientation', 'w'),
        {'type': 'std_msgs/msg/Float64MultiArray', 'field': 'data', 'order': ['hip', 'knee']},
        {'type': 'sensor_msgs/msg/Imu', 'field': 'orientation_covariance', 'order': ['hip']},
        {'type': 'trajectory_msgs/msg/JointTrajectory', 'field': 'points[].time_from_start.sec',
         'order': ['hip']},
    ],
)  # fmt: skip
def test_a_path_to_numbers_is_taken(changes):
    assert require_fields(contract(**changes)) == []


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'field': 'positon'}, rf"{JOINT_STATE}: unknown field 'positon' .did you mean 'position'"),
        ({'names': 'names'}, r"unknown field 'names' .did you mean 'name'"),
        ({'field': 'name'}, 'name: expected a list of numbers, found a list of string'),
        ({'names': 'effort'}, 'effort: expected a list of names, found a list of float64'),
        ({'field': 'header.stamp.sec'}, 'expected a list of numbers, found a int32'),
        ({'field': 'position.x'}, 'position is a list of float64: it has no x'),
        ({'field': 'header[].stamp', 'names': 'name'}, r'expected header in header\[\]\.stamp'),
        (
            {'type': 'sensor_msgs/msg/PointCloud', 'field': 'channels[].values',
             'names': 'channels[].name'},
            r'channels\[\]\.values: expected one of the numbers in each item, found a list of',
        ),
        (
            {'type': 'trajectory_msgs/msg/JointTrajectory', 'field': 'points.positions',
             'names': 'joint_names'},
            r'expected points\[\] in points\.positions, found points',
        ),
        (components('sensor_msgs/msg/Imu', 'angular_velocity', 'w'), "unknown field 'w'"),
        (components(JOINT_STATE, 'position', 'x'), 'expected a message with components'),
        (components('geometry_msgs/msg/PoseStamped', 'pose', 'position'), 'expected a number'),
        ({'type': 'sensor_msgs/msg/JointStat'}, "unknown type 'JointStat' .did you mean 'JointSta"),
    ],
)  # fmt: skip
def test_a_path_to_anything_else_is_refused_with_topic_field_and_type(changes, said):
    with pytest.raises(ContractError, match=said) as caught:
        require_fields(contract(**changes))
    assert 'topic sensors' in str(caught.value)


def test_a_reading_without_a_header_is_refused_where_it_is_read_live():
    twist = components('geometry_msgs/msg/Twist', 'linear', 'x')
    require_fields(contract(**twist))
    with pytest.raises(ContractError, match=r'Twist has no header.*or hold: true'):
        require_fields(contract(**twist), live=True)
    require_fields(contract(**twist, hold=True), live=True)


def test_a_type_of_an_unknown_package_is_told_and_must_be_installed_live():
    own = contract(type='my_robot/msg/Motors', field='anything')
    assert require_fields(own) == ['my_robot/msg/Motors']
    with pytest.raises(ContractError, match=r'topic sensors: my_robot/msg/Motors is not installed'):
        require_fields(own, live=True)


def test_the_command_has_a_known_type():
    data = arm()
    data['action']['type'] = 'std_msgs/msg/Float64MultyArray'
    with pytest.raises(ContractError, match=r'topic commands.*Float64MultiArray'):
        require_fields(Contract.from_dict(data))


@pytest.mark.parametrize('topic', ['joint states', '1st', 'a//b', 'a/', '', 'gelenk/größe', 'a.b'])
def test_a_topic_that_ros_does_not_allow_is_refused(topic):
    with pytest.raises(ContractError, match='topic: expected a'):
        contract(topic=topic or ' ')


@pytest.mark.parametrize('topic', ['/joint_states', 'a/b2', '~/c', '_x'])
def test_a_topic_that_ros_allows_is_taken(topic):
    assert topic in contract(topic=topic).topics


@pytest.mark.parametrize('kind', ['sensor_msgs/JointState', 'JointState', 'sensor_msgs.msg.Imu'])
def test_a_type_is_written_with_its_package(kind):
    with pytest.raises(ContractError, match=r'expected package/msg/Name, for example \w+/msg'):
        contract(type=kind)


@pytest.mark.parametrize('robot', paths.robots())
def test_the_shipped_contracts_fit_their_types(robot):
    assert require_fields(Contract.load(paths.robot(robot))) == []


def test_installed_packages_and_rosbags_describe_a_type_alike():
    pytest.importorskip('sensor_msgs.msg')
    for kind in (JOINT_STATE, 'sensor_msgs/msg/Imu', 'sensor_msgs/msg/PointCloud',
                 'geometry_msgs/msg/PoseWithCovariance', 'std_msgs/msg/Header'):  # fmt: skip
        assert known(kind) == standard(kind)


def test_the_nested_case_is_refused():
    folder = case('live')
    with pytest.raises(ContractError, match=r'joint_states: sensor_msgs/msg/PointCloud: channels'):
        require_fields(Contract.load(folder / 'nested.yaml'), live=True)
    for name in ('Twist', 'TwistStamped', 'leg'):
        require_fields(Contract.load(folder / f'{name}.yaml'), live=True)
