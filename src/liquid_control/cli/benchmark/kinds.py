"""``liquid-control benchmark``: what policies cost, and how they bear faults."""

import argparse

from liquid_control.cli.arguments import add_json_argument, sentence
from liquid_control.cli.benchmark import (
    cost,
    generalization,
    latency,
    replay,
    robustness,
    rollouts,
    scaling,
    training,
)
from liquid_control.cli.parser import Parser

_KINDS = {
    'cost': (cost, 'memory, operations and estimated energy of policies'),
    'robustness': (
        robustness,
        'how policies degrade under faults of sensors and commands, with intervals',
    ),
    'generalization': (
        generalization,
        'how policies bear other clocks, bodies and ground than in training, with intervals',
    ),
    'latency': (
        latency,
        'policy step, sensor-to-command loop and memory, beside a bare echo',
    ),
    'replay': (replay, 'a replay of a bag, beside plain rosbags reading it'),
    'rollouts': (
        rollouts,
        'steps a second in closed loop, beside the same physics alone and a plain loop',
    ),
    'scaling': (scaling, 'a comparison of policies by several workers, beside one'),
    'training': (
        training,
        'time and memory of a training step of each cell, beside ncps and torch',
    ),
}


def add_arguments(parser: Parser) -> None:
    kinds = parser.add_subparsers(dest='kind', metavar='WHAT', required=True)
    for name, (module, text) in _KINDS.items():
        kind = kinds.add_parser(name, help=text, description=sentence(text))
        module.add_arguments(kind)
        add_json_argument(kind, 'write all figures to a file')


def main(args: argparse.Namespace) -> int:
    return _KINDS[args.kind][0].main(args)
