"""``train card``: print a bundle's model card as Markdown."""

import argparse

from liquid_control.verbs.arguments import file_to_write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('bundle', help='a policy by name, or the path of its file')
    parser.add_argument(
        '--robot', default='walker2d', help='robot whose policies are named (walker2d)'
    )
    parser.add_argument(
        '--out', type=file_to_write, metavar='FILE', help='write it here instead of printing it'
    )


def main(args: argparse.Namespace) -> int:
    from liquid_control import paths
    from liquid_control.control.bundle import Bundle
    from liquid_control.files import write_whole
    from liquid_control.training.card import card

    text = card(Bundle.read(paths.policy(args.bundle, args.robot)))
    if args.out is None:
        print(text, end='')
    else:
        write_whole(args.out, text)
    return 0
