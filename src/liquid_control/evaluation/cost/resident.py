"""Resident memory of a process, and of a policy and its runtime in one that has nothing else."""

import math
import os
import subprocess
import sys

_PAGE = os.sysconf('SC_PAGE_SIZE')
_STEPS = 100


def resident_mb(process: int | str = 'self') -> float:
    """Resident memory of a process in MiB; NaN if it cannot be read."""
    try:
        with open(f'/proc/{process}/statm') as file:
            return int(file.read().split()[1]) * _PAGE / 2**20
    except OSError:
        return math.nan


def resident_bytes(content: bytes) -> float:
    """Resident memory that a policy and its runtime add to a Python process; NaN if not known.

    Measured in a fresh process: after loading and stepping the policy, minus before importing the
    runtime. It includes NumPy, ONNX Runtime, this package's control core and the policy; not the
    Python interpreter, and no ROS.

    Args:
        content: a bundle's file.

    Raises:
        RuntimeError: the process failed.
    """
    done = subprocess.run([sys.executable, '-m', __name__], input=content, capture_output=True)
    if done.returncode:
        last = done.stderr.decode(errors='replace').strip().rpartition('\n')[2]
        raise RuntimeError(f'measuring memory failed: {last or done.returncode}')
    return float(done.stdout) * 2**20


def _main() -> None:
    """Print what the policy on standard input adds, MiB."""
    before = resident_mb()
    from pathlib import Path

    import numpy as np

    from liquid_control.control.bundle import Bundle
    from liquid_control.control.runtime import PolicyRunner

    runner = PolicyRunner(Bundle.parse(sys.stdin.buffer.read(), Path('standard input')))
    observation = np.zeros(runner.contract.sensed_size, dtype=np.float32)
    for _ in range(_STEPS):
        runner.step(observation, 1.0)
    print(resident_mb() - before)


if __name__ == '__main__':
    _main()
