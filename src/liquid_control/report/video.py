"""A video of an episode, drawn from the true joint positions in a bag.

It is drawn in a separate process: ``python -m liquid_control.report.video RUN OUT``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from liquid_control import extras
from liquid_control.bags.bag import Bag, BagError
from liquid_control.control.stamps import stamp_ns
from liquid_control.evaluation.metrics import episodes_of
from liquid_control.evaluation.runs import episode_rows, read_run
from liquid_control.report.film import NO_WALK, Format, Motion, drawn_apart, film
from liquid_control.report.summary import name
from liquid_control.sim import SimulatedRobot, simulated_robot

TOPIC = 'joint_states'
_TIMEOUT_S = 300


def render(
    run_folder: str | Path, out: str = 'walk.mp4', seconds: float | None = None
) -> str | None:
    """Draw the first episode of a run into a file in its folder.

    Args:
        run_folder: where the bag is.
        out: file name of the video.
        seconds: how much of the episode to draw; None for all.

    Returns:
        None if the video was drawn, else one line that says why not.
    """
    folder = Path(run_folder)
    arguments = [str(folder), str(folder / out)]
    if seconds is not None:
        arguments += ['--seconds', str(seconds)]
    return drawn_apart('liquid_control.report.video', arguments, _TIMEOUT_S)


def first_episode(bag: Bag, max_gap: float) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return stamps in ns (T,), joint names and positions (T, joints) up to the first time jump."""
    bag.require(TOPIC)
    stamps: list[int] = []
    rows: list[np.ndarray] = []
    names: list[str] = []
    for message in bag.messages(TOPIC):
        stamp = stamp_ns(message)
        if stamps and not 0 <= stamp - stamps[-1] <= max_gap * 1e9:
            break
        names = names or list(message.name)
        stamps.append(stamp)
        rows.append(np.asarray(message.position, dtype=np.float64))
    return np.array(stamps), names, np.array(rows)


def fell_at_end(bag: Bag) -> bool:
    """Whether the first episode ended in a fall."""
    episodes = episodes_of(episode_rows(bag))
    return bool(episodes) and episodes[0]['terminated']


def draw(folder: Path, out: Path, seconds: float | None) -> str:
    """Draw and encode in this process; return what was drawn, as text.

    Raises:
        BagError: there is no bag, or no joint states of this robot in it.
        ValueError: the robot is not simulated, so there is no model of it.
    """
    run, bag = read_run(folder), Bag(folder)
    contract = run.get('contract', {})
    robot, max_gap = simulated_robot(contract.get('robot', '')), contract.get('max_gap', 1.0)
    stamps, names, positions = first_episode(bag, max_gap)
    extras.require('imageio_ffmpeg', 'mujoco')
    times = (stamps - stamps[0]) * 1e-9
    whole = seconds is None or seconds >= times[-1]
    rows = slice(None) if whole else slice(int(np.searchsorted(times, seconds, 'right')))
    motion = Motion(
        times[rows],
        _qpos(robot, names, positions[rows]),
        whole and fell_at_end(bag),
        name({'run': run}),
    )
    count = film(robot, motion, out, Format())
    return f'{motion.times[-1]:.1f} s, {count} frames, {out.stat().st_size / 2**20:.1f} MB'


def _qpos(robot: SimulatedRobot, names: list[str], positions: np.ndarray) -> np.ndarray:
    """Positions of all joints of the model, (T, nq), from those of some, (T, joints)."""
    import mujoco

    model = robot.load_model()
    qpos = np.tile(model.qpos0, (len(positions), 1))
    for column, joint in enumerate(names):
        index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, joint)
        if index < 0:
            raise BagError(f'{TOPIC}: the model has no joint {joint}')
        qpos[:, model.jnt_qposadr[index]] = positions[:, column]
    return qpos


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument('run', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--seconds', type=float)
    args = parser.parse_args()
    try:
        print(draw(args.run, args.out, args.seconds))
    except (BagError, ModuleNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return NO_WALK
    return 0


if __name__ == '__main__':
    sys.exit(_main())
