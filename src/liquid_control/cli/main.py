"""``liquid-control``: each verb is a module, imported only when asked for."""

import importlib
import os
import sys
from pathlib import Path

from liquid_control import __version__, extras
from liquid_control.cli.arguments import file_to_write, sentence
from liquid_control.cli.complain import complain
from liquid_control.cli.parser import Parser
from liquid_control.cli.results import delivered

VERBS = {
    'demo': 'let two shipped policies walk, with and without sensor noise, and compare them',
    'run': 'start a simulation graph with one policy, record it and measure it',
    'compare': 'compare a handful of policies under a handful of faults, with intervals',
    'replay': 'run policies over recorded bags, compare them, and say when a robot misbehaved',
    'bag': 'describe a recorded bag, and draft a contract from it',
    'inspect': 'describe a policy file or a contract',
    'doctor': 'check what this machine has and lacks',
    'benchmark': 'measure the cost of policies, replays and training beside references',
    'train': 'train an expert, a policy or a predictor and write its bundle',
    'study': 'compare the cells on published data, and reproduce published figures',
}
_ERROR, _INTERRUPTED = 1, 130
_SHELLS = ('bash', 'zsh', 'tcsh')
_FILES = ('FILE', 'CONTRACT', 'PATH')
"""Names of values that are completed as files, beside those of the type Path."""


def main(argv: list[str] | None = None) -> int:
    """Run one verb; return its exit code, which is 0 only if the verb did what was asked."""
    argv = sys.argv[1:] if argv is None else argv
    name = argv[0] if argv else ''
    if os.environ.get('COLUMNS', '').strip() == '0':
        del os.environ['COLUMNS']  # nothing fits a terminal of that width
    try:
        parser = command_line(name)
        args = parser.parse_args(argv)
        if args.completion:
            return _print_completion(args.completion)
        if name not in VERBS:
            parser.error(f'expected a verb first: {", ".join(VERBS)}')
        name = ' '.join(filter(None, (args.verb, getattr(args, 'kind', None))))
        with delivered(args) as outcome:
            outcome.code = _module(args.verb).main(args)
        return outcome.code
    except KeyboardInterrupt:
        print('\ninterrupted', file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # exit's flush too
        return _ERROR
    except ImportError as error:
        complain(f'liquid-control {name}: {_missing(error)}')
        return _ERROR
    except (ValueError, OSError, RuntimeError) as error:
        complain(f'liquid-control {name}: {_reason(error)}')
        return _ERROR


def command_line(*verbs: str) -> Parser:
    """The parser; it knows the arguments of the verbs that are named, and imports only those."""
    parser = Parser(
        prog='liquid-control',
        description='Run, measure and compare liquid and gated recurrent policies on robots.',
        epilog="liquid-control VERB --help lists a verb's arguments.",
    )
    parser.add_argument('--version', action='version', version=f'liquid-control {__version__}')
    parser.add_argument(
        '--completion', choices=_SHELLS, metavar='SHELL',
        help=f'print the completion script of a shell: {", ".join(_SHELLS)}',
    )  # fmt: skip
    kinds = parser.add_subparsers(dest='verb', metavar='VERB')
    for name, text in VERBS.items():
        verb = kinds.add_parser(name, help=text, description=sentence(text))
        if name in verbs:
            _module(name).add_arguments(verb)
    return parser


def _module(verb: str):
    return importlib.import_module(f'liquid_control.cli.{verb}')


def _print_completion(shell: str) -> int:
    extras.require('shtab')
    import shtab

    parser = command_line(*VERBS)
    for action in parser.everything():
        if action.type in (Path, file_to_write) or action.metavar in _FILES:
            action.complete = shtab.FILE  # ty: ignore[missing-attribute] (shtab reads it)
    print(shtab.complete(parser, shell))
    return 0


def _reason(error: Exception) -> str:
    """The message of an error; of the system's, its file before its reason, without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f'{error.filename}: {error.strerror}'
    return str(error)


def _missing(error: ImportError) -> str:
    """One line about a module that cannot be imported."""
    if not isinstance(error, ModuleNotFoundError) or isinstance(error, extras.MissingModuleError):
        return str(error)
    return extras.lacks(error.name) if error.name else str(error)


if __name__ == '__main__':
    sys.exit(main())
