"""The argument parser of all verbs: nothing is ignored, and a typo names the nearest name."""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from liquid_control.cli.complain import complain

_TYPES: dict[Any, str] = {int: 'a whole number', float: 'a number'}


class _Once(argparse.Action):
    """Store a value; an option that is given again is an error, for only one value counts."""

    def __init__(self, option_strings: Sequence[str], dest: str, nargs: Any = None, **rest: Any):
        if nargs == 0:
            raise ValueError(f'{dest}: an option without a value is a store_true')
        super().__init__(option_strings, dest, nargs, **rest)

    def __call__(self, parser, namespace, values, option_string=None):
        if option_string and self in parser.given:
            before = getattr(namespace, self.dest)
            raise argparse.ArgumentError(
                self, f'given twice ({before}, then {values}), but only one value counts'
            )
        parser.given.append(self)
        setattr(namespace, self.dest, values)


class _RequiredError(Exception):
    """Arguments that are required were not given."""


class Parser(argparse.ArgumentParser):
    """A parser that refuses a repeated option where one value counts.

    An unknown option, argument or choice is an error of the verb that was given it, and names the
    nearest one. A number that is none is an error that says so. Where there is an option
    ``--fault``, ``--suite`` or ``--family``, the help lists faults, suites or families.
    """

    def __init__(self, *args: Any, **options: Any):
        options.setdefault('allow_abbrev', False)
        options.setdefault('formatter_class', argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **options)
        self.given: list[argparse.Action] = []
        self.fault_kinds: tuple[str, ...] = ('sensor', 'command', 'clock', 'dynamics')
        self.families = ''
        """The benchmark whose families ``--family`` takes."""
        for name in (None, 'store'):
            self.register('action', name, _Once)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[override]
        self.given = []
        try:
            parsed, rest = super().parse_known_args(args, namespace)
        except _RequiredError as error:
            self._refuse(error.args[0], list(args or ()))
        if rest:
            self._refuse(f'unexpected argument {rest[0]!r}', rest)
        return parsed, rest

    def _refuse(self, message: str, arguments: list[str]) -> NoReturn:
        """End with a message, or with the unknown option that is the likely cause."""
        names = (text.partition('=')[0] for text in arguments if text.startswith('--'))
        name = next((n for n in names if n not in {'--', *self._option_string_actions}), None)
        if name is None:
            self._end(message)
        from liquid_control.control.schema import nearest

        near = nearest(name, [o for o in self._option_string_actions if o.startswith('--')])
        hint = f' (did you mean {near}?)' if near else ''
        self._end(f'unknown option {name}{hint}; --help lists them')

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        from liquid_control.control.schema import unknown

        if action.option_strings:
            text = unknown(action.dest, str(value), action.choices)
            raise argparse.ArgumentError(action, text)
        what = 'study' if action.metavar == 'STUDY' else 'verb'
        self.error(unknown(what, str(value), action.choices))

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        if action.type not in _TYPES or not callable(action.type):
            return super()._get_value(action, arg_string)
        try:
            return action.type(arg_string)
        except ValueError:
            text = f'expected {_TYPES[action.type]}, found {arg_string!r}'
            raise argparse.ArgumentError(action, text) from None

    def everything(self) -> Iterator[argparse.Action]:
        """Yield the arguments of this parser and of all below it."""
        for action in self._actions:
            yield action
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser.everything()

    def format_help(self) -> str:
        text = super().format_help()
        if '--fault' not in self._option_string_actions:
            return text
        from liquid_control.faults import SYNTAX, describe, describe_schedules

        lines = [textwrap.fill(f'faults: {SYNTAX}', 80)]
        for kind in self.fault_kinds:
            lines += [f'{kind} faults:', *(f'  {line}' for line in describe(kind))]
        lines += ['schedules:', *(f'  {line}' for line in describe_schedules())]
        if '--suite' in self._option_string_actions:
            from liquid_control.evaluation.suite import SUITES

            lines += ['suites:', *(f'  {each.name:<9} {each.about}' for each in SUITES.values())]
        if self.families:
            from liquid_control.evaluation.robustness.suites import BENCHMARKS

            known = BENCHMARKS[self.families]
            lines += ['families:', *(f'  {each.name:<15} {each.title}' for each in known)]
        return '\n'.join([text, *lines, ''])

    def error(self, message: str) -> NoReturn:
        """End with exit code 2; the usage is what --help is for."""
        if message.startswith('the following arguments are required'):
            raise _RequiredError(self._lacking(message))
        self._end(message)

    def _lacking(self, message: str) -> str:
        """A message about arguments that are required; a missing verb lists the verbs."""
        verbs = [a for a in self._actions if isinstance(a, argparse._SubParsersAction)]
        return f'expected a verb: {", ".join(verbs[0].choices)}' if verbs else message

    def _end(self, message: str) -> NoReturn:
        complain(f'{self.prog}: {message.removeprefix("argument ")}')
        self.exit(2)
