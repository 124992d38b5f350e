"""The studies; each is a module with ``add_arguments``, ``main`` and ``DATA``."""

import argparse
import sys

from liquid_control.cli.arguments import sentence
from liquid_control.cli.parser import Parser
from liquid_control.cli.study import (
    claims,
    everything,
    icu,
    memory,
    own,
    parameters,
    synthetic,
    walker2d_kinematics,
)

STUDIES = {
    'walker2d-kinematics': (
        walker2d_kinematics,
        'next-frame prediction with lost frames (ODE-LSTM, CfC papers)',
    ),
    'synthetic': (synthetic, 'one-step and free-running prediction of exact signals'),
    'icu': (icu, 'in-hospital mortality from irregular records (PhysioNet 2012)'),
    'parameters': (parameters, 'parameters of every cell against units and order'),
    'memory': (memory, 'accuracy against parameters, state and training memory'),
    'claims': (claims, 'which claims of the review the results support'),
}
"""Name → module and title. ``DATA`` of a module is the folder that ``all --data`` must hold for
it, or None if it needs none; its arguments are at least --out, --workers, --quick and --list."""

OWN = 'cells on a data set of your own'
ALL = 'every study but own, one after another'


def add_arguments(parser: Parser) -> None:
    parser.add_argument('--list', action='store_true', dest='studies', help='list the studies')
    kinds = parser.add_subparsers(dest='kind', metavar='STUDY')
    for name, (module, text) in STUDIES.items():
        study = kinds.add_parser(name, help=text, description=sentence(text))
        module.add_arguments(study)
    own.add_arguments(kinds.add_parser('own', help=OWN, description=sentence(OWN)))
    everything.add_arguments(kinds.add_parser('all', help=ALL, description=sentence(ALL)))


def main(args: argparse.Namespace) -> int:
    if args.studies:
        for name, (_, text) in STUDIES.items():
            print(f'{name:<21} {text}')
        print(f'{"own":<21} {OWN}: study own FILE.py:CLASS --data PATH')
        print(f'{"all":<21} {ALL}')
        return 0
    if args.kind is None:
        names = ', '.join([*STUDIES, 'own', 'all'])
        print(f'liquid-control study: expected a study: {names}', file=sys.stderr)
        return 2
    if args.kind == 'own':
        return own.main(args)
    if args.kind == 'all':
        return everything.main(args, {name: module for name, (module, _) in STUDIES.items()})
    return STUDIES[args.kind][0].main(args)
