"""``liquid-control inspect``: what is in a policy's file or a robot's contract."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liquid_control.cli.arguments import add_json_argument

_MOST_TERMS, _MOST_SCORES, _MOST_NAMES = 10, 10, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'file', help='bundle (.onnx) or contract (.yaml); or the name of a shipped policy or robot'
    )
    parser.add_argument(
        '--robot', default='walker2d', help='robot whose policies are named (walker2d)'
    )
    parser.add_argument('--verbose', action='store_true', help='print everything, value by value')
    add_json_argument(parser, 'also write everything here', tables=False)


def main(args: argparse.Namespace) -> int:
    from rich.console import Console

    from liquid_control.control.bundle import Bundle
    from liquid_control.control.contract import Contract
    from liquid_control.evaluation.cost import count_operations
    from liquid_control.message_types import require_fields
    from liquid_control.provenance import write_json
    from liquid_control.report.inspect_tables import bundle_sections, contract_tables, facts_table

    path = _find(args.file, args.robot)
    console = Console(highlight=False)
    bundle, cost = None, {}
    if path.suffix in ('.yaml', '.yml'):
        contract = Contract.load(path)
        described = {'format': 1, 'file': str(path), **contract_facts(contract)}
    else:
        bundle = Bundle.read(path)
        contract = bundle.contract
        operations = count_operations(bundle.graph)
        cost = cost_facts(bundle, operations)
        described = {'format': 1, 'file': str(path), **bundle_facts(bundle), 'cost': cost}
    unknown_types = require_fields(contract)
    if args.verbose:
        for title, facts in bundle_sections(bundle) if bundle else ():
            console.print(facts_table(title, facts))
        if cost:
            console.print(facts_table('Cost', cost))
        for table in contract_tables(contract):
            console.print(table)
    else:
        _print_summary(console, _summary(path, contract, bundle, cost))
    for kind in unknown_types:
        console.print(
            f'[yellow]{kind} is not known here: its fields are not checked[/]', soft_wrap=True
        )
    if args.json:
        write_json(args.json, described)
    return 0


def _print_summary(console: Any, rows: Iterator[tuple[str, str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style='cyan', no_wrap=True)
    table.add_column(overflow='fold')
    for name, text in rows:
        table.add_row(escape(name), escape(text))
    console.print(table)


def _summary(
    path: Path, contract: Any, bundle: Any, cost: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """(name, text) of what matters first, at most a screen of it."""
    if bundle is None:
        yield 'contract', f'{path.name}: {contract.robot}, {contract.rate:g} Hz'
    else:
        what = 'policy' if bundle.drives else 'predictor, which does not drive'
        cell = '' if bundle.cell == 'none' else f'{bundle.cell}, '
        yield 'bundle', f'{path.name}: {cell}a {what}'
        yield 'robot', f'{contract.robot}, {contract.rate:g} Hz'
        yield from _origin(bundle)
        yield 'a step', _step(cost)
    yield from _contract_summary(contract)
    if bundle is not None:
        yield from _scores(bundle.scores)
        yield 'sha256', bundle.sha256
    yield 'contract hash', contract.hash
    yield '', '--verbose prints everything'


def _origin(bundle: Any) -> Iterator[tuple[str, str]]:
    from liquid_control.report.inspect_tables import trained_with

    counts = ', '.join(f'{name.replace("_", " ")} {value:,}' for name, value in _numbers(bundle))
    yield 'size', f'{len(bundle.graph):,} bytes{counts and ": "}{counts}'
    about = bundle.provenance
    origin = [str(about[name]) for name in ('date', 'command') if name in about]
    if origin:
        yield 'made', ', by '.join(origin)
    yield 'trained with', trained_with(bundle.trained_elapsed)


def _step(cost: dict[str, Any]) -> str:
    """Operations and energy of a step, in a line."""
    if cost['not_counted']:
        return f'operations that are not counted: {", ".join(cost["not_counted"])}'
    functions = sorted(cost['functions'].items(), key=lambda item: -item[1])
    names = ', '.join(f'{count:,} {name}' for name, count in functions)
    return (
        f'{cost["multiply_adds"]:,.0f} multiply-adds, {cost["transcendentals"]:,.0f} functions'
        f'{names and f" ({names})"}; about {cost["energy_nj"]:,.0f} nJ (estimate: benchmark cost)'
    )


def _numbers(bundle: Any) -> list[tuple[str, int]]:
    return [(name, value) for name, value in bundle.counts.items() if isinstance(value, int)]


def _contract_summary(contract: Any) -> Iterator[tuple[str, str]]:
    yield (
        'limits',
        f'readings up to {contract.freshness:g} s old; reset after a gap of {contract.max_gap:g} s',
    )
    for number, term in enumerate(contract.terms[:_MOST_TERMS]):
        count = f'{term.name} ({len(term.channels)})'
        source = f': {term.field} of {term.topic} ({term.type})' if term.sensed else ', as sent'
        held = ', holds' if term.hold else ''
        units = _units(term.units) if term.sensed else ''
        yield (
            '' if number else f'sees {contract.observation_size}',
            f'{count}{source}{units and ", "}{units}{held}',
        )
    if len(contract.terms) > _MOST_TERMS:
        yield '', f'and {len(contract.terms) - _MOST_TERMS} more terms'
    action = contract.action
    low, high = min(action.lower), max(action.upper)
    alike = len({*zip(action.lower, action.upper, strict=True)}) == 1
    yield (
        f'commands {contract.action_size}',
        f'{_first(action.joints)} on {action.topic} ({action.type}), '
        f'{_units(action.units)}, {low:g} to {high:g}{"" if alike else "; each joint its own"}',
    )


def _scores(scores: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The returns under each fault; what else was scored is for ``--verbose``."""
    returns = {k: v for k, v in scores.items() if isinstance(v, dict) and 'falls' in v}
    kinds = list(dict.fromkeys(fault.partition(':')[0] for fault in returns))
    faults = sorted(returns, key=lambda fault: (kinds.index(fault.partition(':')[0]), fault))
    for number, fault in enumerate(faults[:_MOST_SCORES]):
        score = returns[fault]
        percent = f', {score["percent"]:.0f} % of the teacher' if 'percent' in score else ''
        falls = f', falls {score["falls"]} of {score["episodes"]}' if score.get('falls') else ''
        yield '' if number else 'returns', f'{fault}: {score["return_mean"]:.0f}{percent}{falls}'


def _units(units: tuple[str, ...]) -> str:
    return ', '.join('no unit' if unit == '1' else unit for unit in dict.fromkeys(units))


def _first(names: tuple[str, ...]) -> str:
    more = f', … ({len(names)} joints)' if len(names) > _MOST_NAMES else ''
    return ', '.join(names[:_MOST_NAMES]) + more


def bundle_facts(bundle: Any) -> dict:
    """A bundle as one JSON object: its metadata, hashes and size."""
    return {
        'kind': 'bundle',
        'cell': bundle.cell,
        'period': 1.0 / bundle.contract.rate,
        'settings': bundle.settings,
        'counts': bundle.counts,
        'trained_elapsed': bundle.trained_elapsed,
        'scores': bundle.scores,
        'provenance': bundle.provenance,
        'sha256': bundle.sha256,
        'bytes': len(bundle.graph),
        'contract_hash': bundle.contract.hash,
        'contract': bundle.contract.to_dict(),
    }


def cost_facts(bundle: Any, operations: Any) -> dict[str, Any]:
    """What a policy's step costs, as one JSON object; see ``benchmark cost``."""
    from liquid_control.evaluation.cost import step_figures

    return {
        **step_figures(bundle, operations),
        'functions': dict(sorted(operations.functions.items())),
        'not_counted': sorted(operations.unknown),
    }


def contract_facts(contract: Any) -> dict:
    """A contract as one JSON object."""
    return {
        'kind': 'contract',
        'contract_hash': contract.hash,
        'contract': contract.to_dict(),
    }


def _find(name: str, robot: str) -> Path:
    from liquid_control import paths

    if name.endswith(('.yaml', '.yml')) or name in paths.robots():
        return paths.robot(name)
    path = Path(name).expanduser()
    return path if path.is_file() else paths.policy(name, robot)
