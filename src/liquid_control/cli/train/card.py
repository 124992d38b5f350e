"""``train card``: bundles' model cards as Markdown."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('bundle', nargs='?', help='a policy by name, or the path of its file')
    parser.add_argument(
        '--all', action='store_true', help='one card for every policy that ships for the robot'
    )
    parser.add_argument(
        '--robot', default='walker2d', help='robot whose policies are named (walker2d)'
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='PATH',
        help='write it here instead of printing it; with --all a folder',
    )


def main(args: argparse.Namespace) -> int:
    from liquid_control import paths
    from liquid_control.control.bundle import Bundle
    from liquid_control.files import write_whole
    from liquid_control.report.card import card

    if args.all == (args.bundle is not None):
        raise ValueError('expected either the name of a policy or --all')
    if args.all:
        if args.out is None or args.out.is_file():
            raise ValueError(f'--all: expected --out with a folder, found {args.out}')
        texts = {name: card(Bundle.read(path)) for name, path in paths.policies(args.robot).items()}
        args.out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(args.out / f'{name}.md', text)
        print(f'wrote {len(texts)} cards to {args.out}')
        return 0
    text = card(Bundle.read(paths.policy(args.bundle, args.robot)))
    if args.out is None:
        print(text, end='')
    else:
        write_whole(args.out, text)
    return 0
