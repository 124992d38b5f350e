"""Run one policy on a robot that is already running, recorded; starts no simulation.

ros2 launch liquid_control robot.launch.py robot:=my_robot.yaml policy:=my_policy.onnx \
    remap:='joint_states:=/arm/joint_states commands:=/arm/position_controller/commands'

The policy node waits until it is told to drive:
``ros2 lifecycle set /policy configure`` checks it against the robot, ``… activate`` arms it.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from liquid_control import paths
from liquid_control.control.contract import Contract
from liquid_control.control.schema import unknown
from liquid_control.nodes import launching
from liquid_control.run_folder import run_folder

ARGUMENTS = {
    'policy': ('cfc', 'Bundle: a name, or a path to its file.'),
    'robot': ('walker2d', 'Contract: a name, or a path to its YAML.'),
    'autostart': ('false', 'Drive at once, without waiting to be told.', ['true', 'false']),
    'shadow': (
        'false',
        'Do not drive: only record what the policy would have sent beside what drives the robot. '
        'false: as in config/robot.yaml.',
        ['true', 'false'],
    ),
    'predictor': (
        '',
        'Path of a predictor whose trust alarm watches; empty: as in config/robot.yaml. Needs '
        'record.',
    ),
    'remap': ('', 'Topics whose names differ from the contract: topic:=name topic:=name'),
    'seconds': ('0.0', 'End after this time, s; 0: on Ctrl-C. Needs record.'),
    'record': ('true', 'Record a bag and measure.', ['true', 'false']),
    'run_folder': ('', 'Folder to create; empty: runs/TIME-POLICY.'),
}


def start(context: LaunchContext) -> list:
    given = launching.values(context, __file__, ARGUMENTS)
    contract = Contract.load(path := paths.robot(given['robot']))
    policy = paths.policy(given['policy'], path)
    shared = {'robot': str(path), 'policy': str(policy)}
    parameters = {'policy': {**shared, 'autostart': given['autostart'] == 'true'}}
    if given['shadow'] == 'true':
        parameters['policy']['shadow'] = True
    folder = None
    if given['record'] == 'true':
        folder = run_folder(given['run_folder'], policy.stem).absolute()
        parameters['monitor'] = {
            **shared,
            'run_folder': str(folder),
            'command': launching.command(__file__, context),
            'seconds': launching.number('seconds', given['seconds'], float),
        }
        if given['predictor']:
            predictor = paths.existing(given['predictor'], 'predictor').absolute()
            parameters['monitor']['predictor'] = str(predictor)
    elif given['predictor'] or launching.number('seconds', given['seconds'], float):
        raise ValueError('predictor and seconds need record:=true')
    remappings = renamed(given['remap'], contract)
    nodes = {
        name: launching.node(name, 'robot.yaml', own, remappings)
        for name, own in parameters.items()
    }
    return [*launching.end_with(nodes, 'monitor', folder), *nodes.values()]


def renamed(text: str, contract: Contract) -> list[tuple[str, str]]:
    """Parse remappings from ``topic:=name topic:=name``.

    Raises:
        ValueError: a rule is malformed, or names a topic that the contract does not have.
    """
    topics = [*contract.topics, contract.action.topic]
    rules = []
    for word in text.split():
        topic, _, name = word.partition(':=')
        if not name:
            raise ValueError(f'remap: expected topic:=name, found {word!r}')
        if topic not in topics:
            raise ValueError(f'remap: {unknown("topic of the contract,", topic, topics)}')
        rules.append((topic, name))
    return rules


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [*launching.declare(ARGUMENTS), OpaqueFunction(function=start)],
    )
