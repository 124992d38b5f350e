"""Play a recording on the graph to one policy in shadow mode, recorded and measured.

ros2 launch liquid_control replay.launch.py bag:=runs/20260101-120000-cfc policy:=lstm

``liquid-control replay`` needs no ROS, takes several policies at once, and gives the same numbers.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from liquid_control import paths
from liquid_control.evaluation.runs import observed_topics
from liquid_control.nodes import launching
from liquid_control.run_folder import run_folder

ARGUMENTS = {
    'bag': ('', 'Recording: a run folder, a rosbag2 folder or a file.'),
    'policy': ('cfc', 'Bundle: a name, or a path to its file.'),
    'robot': ('walker2d', 'Contract: a name, or a path to its YAML.'),
    'observed': ('', 'Topics recorded under another name: topic=recorded topic=recorded'),
    'distro': ('', 'ROS 2 distribution of types that the bag does not define.'),
    'msgs': ('', 'Folder of .msg files of types that the bag does not define.'),
    'speed': ('0.0', 'Playback speed, times real time; 0: as fast as the policy answers.'),
    'record': ('true', 'Record a bag and measure.', ['true', 'false']),
    'run_folder': ('', 'Folder to create; empty: runs/TIME-POLICY-replay.'),
}


def start(context: LaunchContext) -> list:
    given = launching.values(context, __file__, ARGUMENTS)
    bag = Path(given['bag']).absolute()
    if not given['bag'] or not bag.exists():
        raise FileNotFoundError(f'bag: expected a recording, found {given["bag"] or "nothing"}')
    robot = paths.robot(given['robot'])
    policy = paths.policy(given['policy'], robot)
    shared = {'robot': str(robot), 'policy': str(policy)}
    speed = launching.number('speed', given['speed'], float)
    record = given['record'] == 'true'
    parameters = {
        'policy': {**shared, 'lockstep': speed == 0.0},
        'bag': {
            **shared,
            'bag': str(bag),
            'observed': given['observed'] or observed_topics(bag),
            'distro': given['distro'],
            'msgs': given['msgs'],
            'speed': speed,
            'wait_for': 1 + record,
        },
    }
    if record:
        folder = run_folder(given['run_folder'], f'{policy.stem}-replay').absolute()
        command = launching.command(__file__, context)
        parameters['monitor'] = {
            **shared,
            'lockstep': speed == 0.0,
            'run_folder': str(folder),
            'command': command,
        }
    nodes = {name: launching.node(name, 'replay.yaml', own, []) for name, own in parameters.items()}
    final = 'monitor' if record else 'bag'
    return [*launching.end_with(nodes, final), *nodes.values()]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *launching.declare(ARGUMENTS),
            *launching.local_discovery(),
            OpaqueFunction(function=start),
        ]
    )
