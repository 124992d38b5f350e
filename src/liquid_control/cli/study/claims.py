"""``study claims``: which claims of the review the results of the other studies support."""

import argparse
import os
from pathlib import Path

from liquid_control.cli.arguments import add_json_argument, whole
from liquid_control.cli.parser import Parser

DATA = None


def add_arguments(parser: Parser) -> None:
    parser.add_argument(
        '--results', type=Path, action='append', metavar='PATH',
        help='file of results, or a folder that holds some; may be repeated (the folder of --out)',
    )  # fmt: skip
    parser.add_argument(
        '--out', type=Path, default=Path('runs/claims'), metavar='FOLDER',
        help='folder for the page and its Markdown (runs/claims)',
    )  # fmt: skip
    parser.add_argument(
        '--markdown', type=Path, metavar='FILE', help='write the Markdown here as well'
    )
    parser.add_argument('--workers', type=whole(1), default=1, help='not used: it takes seconds')
    parser.add_argument('--quick', action='store_true', help='not used: it takes seconds')
    parser.add_argument('--list', action='store_true', help='list the claims and exit')
    add_json_argument(parser, 'also write the results here')


def main(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.console import Console

    from liquid_control.files import write_whole
    from liquid_control.provenance import provenance, write_json
    from liquid_control.report.study.claims import write_claims
    from liquid_control.report.tables import Figure, new_table
    from liquid_control.run_folder import own_folder
    from liquid_control.study import claims

    if args.list:
        for claim in claims.CLAIMS:
            print(f'{claim.name:<25} {claim.text}')
        return 0
    folder = own_folder(args.out, 'claims.md')
    paths = args.results or [folder.resolve().parent]
    groups = claims.read(paths, folder)
    if not groups:
        raise ValueError(
            f'no results found in {", ".join(map(str, paths))}: expected {", ".join(claims.NAMES)} '
            'of a study or a benchmark'
        )
    judged = claims.judge(groups)
    folder.mkdir(parents=True, exist_ok=True)
    table = new_table(
        'claim', 'verdict', Figure('for', 'd'), Figure('against', 'd'), Figure('undecided', 'd'),
        left=('verdict',),
    )  # fmt: skip
    rows = []
    for one in judged:
        counts = [claims.count(one, outcome) for outcome in ('for', 'against', 'undecided')]
        table.add_row(one.claim.name, one.stated, *counts)
        rows.append(
            {
                'claim': one.claim.name,
                'text': one.claim.text,
                'verdict': one.verdict,
                'preliminary': one.preliminary,
                'verdict_without_cfc_mixed': one.unmixed,
                'verdict_at_margin': {f'{key:g}': value for key, value in one.verdicts.items()},
                'not_run': one.missing,
                'only_tried': one.tried,
                'short_runs': one.short,
                'not_complete': one.partial,
                'evidence': [asdict(item) for item in one.evidence],
            }
        )
    results = {'format': 1, 'study': 'claims', 'provenance': provenance(), 'rule': claims.RULE}
    for path in filter(None, (folder / 'claims.json', args.json)):
        write_json(path, {**results, 'claims': rows})
    write_whole(folder / 'claims.md', claims.markdown(judged))
    if args.markdown:
        beside = claims.judge(claims.linked(groups, folder, args.markdown.parent))
        write_whole(args.markdown, claims.markdown(beside))
    write_claims(folder / 'report.html', judged, claims.RULE)
    console = Console()
    console.print(table)
    used = {item.source.path for one in judged for item in one.evidence}
    unused = {one.source.path: f'no claim asks for {one.study}' for one in groups}
    for path in claims.files(paths):
        unused.setdefault(os.path.relpath(path, folder), 'a copy, or nothing that a claim asks for')
    for what, names in (
        ('not used', [f'{path}: {why}' for path, why in unused.items() if path not in used]),
        ('not run', [f'{name}: {command}' for name, command in claims.not_run(judged).items()]),
        ('quick, does not count', dict.fromkeys(name for one in judged for name in one.tried)),
        ('short runs', dict.fromkeys(name for one in judged for name in one.short)),
        ('only in part', dict.fromkeys(name for one in judged for name in one.partial)),
    ):
        for name in names:
            console.print(f'{what}: {name}', highlight=False, soft_wrap=True)
    console.print(f'in {args.out}: claims.md, claims.json, report.html', highlight=False)
    return 0
