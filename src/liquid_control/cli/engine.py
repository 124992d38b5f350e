"""Where the pieces of long work are done: the arguments, checked before any work."""

import argparse
import socket

from liquid_control import extras

_ANSWER_S = 10.0
"""How long a Ray cluster may take to accept a connection."""


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--engine`` and ``--address``; ``--workers`` belongs to the verb."""
    from liquid_control.jobs import ENGINES

    parser.add_argument(
        '--engine', choices=ENGINES, default='local', help='where to work: local or ray (local)'
    )
    parser.add_argument('--address', help='address of a Ray cluster (one on this machine)')


def check_engine(args: argparse.Namespace) -> None:
    """Refuse options that contradict each other, before any work is done.

    Raises:
        MissingModuleError: Ray is asked for but not installed.
        ValueError: an address is given without Ray, or nothing answers there; or a number of
            workers is given with Ray.
    """
    if args.engine != 'ray':
        if args.address:
            raise ValueError('--address: it is that of a Ray cluster: add --engine ray')
        return
    if args.workers is not None:
        raise ValueError('--workers: with --engine ray, the cluster decides')
    extras.require('ray')
    if args.address:
        _check_address(args.address)


def _check_address(address: str) -> None:
    """Refuse an address that nothing answers at: Ray would try for minutes."""
    host, colon, port = address.rpartition('://')[2].partition(':')
    if not colon:
        return  # such as auto
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ValueError(f'--address {address}: no Ray cluster answers there: {error}') from None
