"""``liquid-control train``: experts, recurrent policies and predictors, as bundles."""

import argparse
from importlib import import_module

from liquid_control.cli.arguments import sentence

KINDS = {
    'expert': 'train with PPO on everything that the environment observes',
    'policy': 'train recurrent students that observe positions only',
    'predictor': 'train a model of the next observation from any bag',
    'score': 'measure the returns of a policy under every fault',
    'card': 'print the model card of a bundle',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest='kind', metavar='WHAT', required=True)
    for kind, text in KINDS.items():
        _module(kind).add_arguments(kinds.add_parser(kind, help=text, description=sentence(text)))


def main(args: argparse.Namespace) -> int:
    return _module(args.kind).main(args)


def _module(kind: str):
    return import_module(f'liquid_control.cli.train.{kind}')
