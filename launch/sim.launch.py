"""Let one policy walk in simulation, under sensor faults, recorded and measured.

ros2 launch liquid_control sim.launch.py policy:=cfc fault:=gaussian:0.1 record:=true

``liquid-control run`` does the same without launch.
"""

import datetime
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from liquid_control import launching
from liquid_control.control.topics import FAULTY
from liquid_control.nodes.graph import RunSettings

ARGUMENTS = {
    'policy': ('cfc', 'Bundle: a name, or a path to its file.'),
    'robot': ('walker2d', 'Contract: a name, or a path to its YAML.'),
    'fault': ('none', 'Sensor faults, such as gaussian:0.1+dropped:0.05.'),
    'seed': ('0', 'Seed of the first episode and of the faults.'),
    'episodes': ('1', 'Number of episodes, one after another.'),
    'seconds': ('8.0', 'Longest episode, s of simulated time.'),
    'mode': (
        'realtime',
        'How time passes: on the wall clock, or as fast as the graph allows.',
        ['realtime', 'lockstep'],
    ),
    'record': ('true', 'Record a bag and measure.', ['true', 'false']),
    'run_folder': ('', 'Folder to create; empty: runs/TIME-POLICY.'),
}


def start(context: LaunchContext) -> list:
    given = launching.values(context, __file__, ARGUMENTS)
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S')
    folder = given['run_folder'] or f'runs/{stamp}-{Path(given["policy"]).stem}'
    settings = RunSettings(
        folder=Path(folder).absolute(),
        policy=given['policy'],
        robot=given['robot'],
        fault=given['fault'],
        seed=launching.number('seed', given['seed'], int),
        episodes=launching.number('episodes', given['episodes'], int),
        seconds=launching.number('seconds', given['seconds'], float),
        mode=given['mode'],
        record=given['record'] == 'true',
        command=launching.command(__file__, context),
    )
    if (settings.folder / 'bag').exists():
        raise FileExistsError(f'run_folder {settings.folder}: holds a recording already')
    nodes = {}
    for name, parameters in settings.parameters().items():
        if name == 'monitor':
            parameters['progress'] = 'log'
        remappings = faulty(settings) if name == 'policy' else []
        nodes[name] = launching.node(name, 'sim.yaml', parameters, remappings)
    final = 'monitor' if settings.record else 'sim'
    return [*launching.end_with(nodes, final), *nodes.values()]


def faulty(settings: RunSettings) -> list[tuple[str, str]]:
    """Remappings that make the policy read the sensors as republished by the fault node."""
    rules = settings.remappings()[1::2]
    return [(topic, FAULTY + topic) for topic in (rule.split(':=')[0] for rule in rules)]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *launching.declare(ARGUMENTS),
            *launching.local_discovery(),
            OpaqueFunction(function=start),
        ]
    )
