"""Run one policy in simulation, under faults, recorded and measured.

ros2 launch liquid_control sim.launch.py policy:=cfc fault:=gaussian:0.1 record:=true
ros2 launch liquid_control sim.launch.py robot:=hopper

``liquid-control run`` does the same without launch.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from liquid_control.nodes import launching
from liquid_control.nodes.run_settings import RunSettings, policy_for
from liquid_control.run_folder import run_folder
from liquid_control.sim import simulated_robots

ARGUMENTS = {
    'policy': (
        '',
        'Bundle: a name, or a path to its file; empty: cfc if it ships for the robot, else expert.',
    ),
    'robot': (
        'walker2d',
        f'Simulated robot: {", ".join(simulated_robots())}, or the path of a contract for one.',
    ),
    'fault': ('none', 'Faults, such as gaussian:0.1+command_delay:2.'),
    'seed': ('0', 'Seed of the first episode and of the faults.'),
    'episodes': ('1', 'Number of episodes, one after another.'),
    'seconds': ('', "Longest episode, s of simulated time; empty: the robot's own."),
    'mode': (
        'lockstep',
        'How time passes: as fast as the graph allows, or on the wall clock.',
        ['lockstep', 'realtime'],
    ),
    'priority': (
        '0',
        'Real-time priority (SCHED_FIFO, 1 to 99) of simulation, fault and policy node; 0: none.',
    ),
    'record': ('true', 'Record a bag and measure.', ['true', 'false']),
    'run_folder': ('', 'Folder to create; empty: runs/TIME-POLICY.'),
}


def start(context: LaunchContext) -> list:
    given = launching.values(context, __file__, ARGUMENTS)
    policy, seconds = policy_for(given['robot'], given['policy']), given['seconds']
    settings = RunSettings(
        folder=run_folder(given['run_folder'], Path(policy).stem).absolute(),
        policy=policy,
        robot=given['robot'],
        fault=given['fault'],
        seed=launching.number('seed', given['seed'], int),
        episodes=launching.number('episodes', given['episodes'], int),
        seconds=launching.number('seconds', seconds, float) if seconds else None,
        mode=given['mode'],
        priority=launching.number('priority', given['priority'], int),
        record=given['record'] == 'true',
        command=launching.command(__file__, context),
    )
    nodes = {}
    for name, parameters in settings.parameters().items():
        if 'progress' in parameters:
            parameters['progress'] = 'log'
        if name == 'monitor':
            parameters['report'] = True
        remappings = settings.remappings() if name == 'policy' else {}
        nodes[name] = launching.node(name, 'sim.yaml', parameters, [*remappings.items()])
    final = 'monitor' if settings.record else 'sim'
    folder = settings.folder if settings.record else None
    return [*launching.end_with(nodes, final, folder), *nodes.values()]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *launching.declare(ARGUMENTS),
            *launching.local_discovery(),
            OpaqueFunction(function=start),
        ]
    )
