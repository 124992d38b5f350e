"""Runs episodes again and draws them, in a process of its own.

``python -m liquid_control.report.robustness.walk_worker JOBS FOLDER``: JOBS is a JSON list of
:class:`Job`; FOLDER gets ``N.mp4`` and ``N.json``, what came of it, for job N.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import run_episodes
from liquid_control.faults import ClockFault, of_kind, parse
from liquid_control.files import write_whole
from liquid_control.report.film import NO_WALK, Format, Motion, film
from liquid_control.sim import simulated_robot
from liquid_control.sim.world import World

FORM = Format(width=320, height=240, fps=15, crf=30)
SECONDS = 5.0
"""The last part of a walk that is drawn, at most."""


@dataclass(frozen=True)
class Job:
    """One walk to draw.

    Attributes:
        bundle: path of the policy's bundle.
        sha256: what it must be.
        robot: name of the simulated robot.
        fault: the fault, as text.
        elapsed: ``measured`` or ``nominal``.
        seed: seed of this episode.
        title: written into the pictures.
    """

    bundle: str
    sha256: str
    robot: str
    fault: str
    elapsed: str
    seed: int
    title: str


@dataclass(frozen=True)
class Drawn:
    """What came of a job: the whole episode, and how much of its end was drawn."""

    total: float
    seconds: float
    shown_s: float
    fell: bool


def draw(job: Job, out: Path) -> Drawn:
    """Run the episode again and draw its end.

    Raises:
        OSError, ValueError: the bundle or the robot is not what it was, or nothing can be drawn.
    """
    bundle = Bundle.read(job.bundle)
    if bundle.sha256 != job.sha256:
        raise ValueError(f'{job.bundle}: it is not the bundle that was measured any more')
    robot = simulated_robot(job.robot)
    contract = robot.contract()
    times: list[float] = []
    rows: list[np.ndarray] = []

    def watch(world: World) -> None:
        times.append(world.stamp_ns * 1e-9)
        rows.append(world.data.qpos.copy())

    faults = parse(job.fault)
    thin = not of_kind(faults, ClockFault)
    controller = Controller(PolicyRunner(bundle), contract, elapsed=job.elapsed, thin=thin)
    (episode,) = run_episodes(controller, contract, faults, 1, job.seed, watch=watch)
    since = np.array(times) - times[0]
    shown = since >= since[-1] - SECONDS
    motion = Motion(since[shown], np.array(rows)[shown], episode.terminated, job.title)
    film(robot, motion, out, FORM)
    span = float(motion.times[-1] - motion.times[0])
    return Drawn(episode.total, float(since[-1]), span, episode.terminated)


def main(jobs: Path, folder: Path) -> int:
    """Draw all jobs; what fails by itself is recorded, and the rest goes on."""
    for number, row in enumerate(json.loads(jobs.read_text())):
        result = folder / f'{number}.json'
        if result.exists():  # drawn before another backend was tried
            continue
        found: dict[str, Any]
        try:
            found = asdict(draw(Job(**row), folder / f'{number}.mp4'))
        except (OSError, ValueError) as error:
            found = {'error': str(error)}
        except ModuleNotFoundError as error:
            print(error, file=sys.stderr)
            return NO_WALK
        write_whole(result, json.dumps(found))
    return 0


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
