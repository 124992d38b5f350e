"""The way into every node: an executable, or ``python -m liquid_control.nodes.start policy_node``.

A node takes seconds to import what it needs. Interrupted meanwhile, it ends with one line and exit
code 130; from then on it takes signals itself.
"""

import importlib
import os
import signal
import sys

_INTERRUPTED = 130


def start(node: str) -> int:
    """Import a node's module and run it; return its exit code."""

    def interrupted(number, frame) -> None:
        os.write(sys.stderr.fileno(), f'{node}: interrupted\n'.encode())
        os._exit(_INTERRUPTED)  # an exception would surface as a traceback of the import

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)
    return importlib.import_module(f'liquid_control.nodes.{node}').main()


def sim_node() -> int:
    return start('sim_node')


def fault_node() -> int:
    return start('fault_node')


def policy_node() -> int:
    return start('policy_node')


def monitor_node() -> int:
    return start('monitor_node')


def bag_node() -> int:
    return start('bag_node')


if __name__ == '__main__':
    sys.argv = sys.argv[1:]
    sys.exit(start(sys.argv[0]))
