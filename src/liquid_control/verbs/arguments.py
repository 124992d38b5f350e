"""Arguments that several verbs share."""

import argparse
from pathlib import Path


def renaming(text: str) -> tuple[str, str]:
    """``TOPIC=RECORDED`` → both, without the leading slash.

    Raises:
        ValueError: one of them is missing.
    """
    topic, separator, recorded = text.partition('=')
    if not separator or not topic or not recorded:
        raise ValueError(f'--observed {text}: expected TOPIC=RECORDED')
    return topic.strip('/'), recorded.strip('/')


def add_walk_arguments(parser: argparse.ArgumentParser, folder: str) -> None:
    """What every verb takes that lets policies walk on a graph."""
    parser.add_argument('--seed', type=int, default=0, help='of the walks and the faults (0)')
    parser.add_argument('--seconds', type=float, default=8.0, help='longest episode in s (8)')
    parser.add_argument(
        '--mode',
        choices=('realtime', 'lockstep'),
        default='realtime',
        help='on the wall clock, or as fast as the graph allows (realtime)',
    )
    parser.add_argument('--out', type=Path, help=f'folder to make ({folder})')
    parser.add_argument('--no-video', action='store_true', help='draw no video')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the metrics here too')


def add_distro_argument(parser: argparse.ArgumentParser) -> None:
    """Where types are from that a bag does not define."""
    parser.add_argument(
        '--distro',
        default='kilted',
        metavar='NAME',
        help='ROS 2 distribution of the types that a bag does not define (kilted)',
    )
