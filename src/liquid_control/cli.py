"""``liquid-control``: each verb is a module, imported only when asked for."""

import argparse
import importlib
import os
import sys

from liquid_control import __version__
from liquid_control.control.schema import unknown

VERBS = {
    'demo': 'walk with the shipped policies, clean and under noise, and compare them',
    'run': 'start a simulation graph with one policy, record it and measure it',
    'replay': 'run policies over recorded bags, compare, and say where a robot went astray',
    'bag': 'describe a recorded bag, and draft a contract from it',
    'inspect': 'print everything in a policy file or a contract',
    'doctor': 'check what this machine has and lacks',
    'benchmark': 'measure the cost of policies, replays and training beside references',
    'train': 'train an expert, a policy or a predictor and write its bundle',
    'study': 'compare the cells on published data, and reproduce published figures',
}
_ERROR, _USAGE, _INTERRUPTED = 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run one verb; return its exit code, which is 0 only if the verb did what was asked."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and not argv[0].startswith('-') and argv[0] not in VERBS:
        print(f'liquid-control: {unknown("verb", argv[0], VERBS)}', file=sys.stderr)
        return _USAGE
    parser = argparse.ArgumentParser(
        prog='liquid-control',
        description='Run, measure and compare liquid and gated recurrent policies on robots.',
        epilog="liquid-control VERB --help lists a verb's arguments.",
    )
    parser.add_argument('--version', action='version', version=f'liquid-control {__version__}')
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    chosen = None
    for name, text in VERBS.items():
        verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + '.')
        if argv and argv[0] == name:
            try:
                chosen = importlib.import_module(f'liquid_control.verbs.{name}')
            except ModuleNotFoundError as error:
                print(f'liquid-control {name}: {error}; is an extra missing?', file=sys.stderr)
                return _ERROR
            chosen.add_arguments(verb)
    args = parser.parse_args(argv)
    if chosen is None:
        parser.error('expected the verb first')
    try:
        return chosen.main(args)
    except KeyboardInterrupt:
        print('\ninterrupted', file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # exit's flush too
        return _ERROR
    except (ValueError, OSError, RuntimeError) as error:
        print(f'liquid-control {args.verb}: {error}', file=sys.stderr)
        return _ERROR


if __name__ == '__main__':
    sys.exit(main())
