"""A video of an episode, drawn from the true joint positions in a bag, with time, fault and fall.

MuJoCo chooses its OpenGL backend on import, so drawing is done in a separate process:
``python -m liquid_control.report.video RUN OUT``.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control import extras
from liquid_control.bags.bag import Bag, BagError
from liquid_control.control.stamps import stamp_ns
from liquid_control.evaluation.metrics import episodes_of
from liquid_control.evaluation.runs import episode_rows, read_run
from liquid_control.files import replacing
from liquid_control.report.summary import name
from liquid_control.sim import SimulatedRobot, simulated_robot

WIDTH, HEIGHT, FPS = 640, 480, 25
TOPIC = 'joint_states'
_FELL_S = 1.0
"""How long the last picture of a walk that ended in a fall stands."""
_TIMEOUT_S = 300
_NO_WALK = 3
_HINT = 'off-screen drawing needs EGL (Debian: libegl1 libegl-mesa0 libgl1-mesa-dri) or libosmesa6'


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
    path = folder / out
    arguments = [str(folder), str(path)] + ([] if seconds is None else ['--seconds', str(seconds)])
    chosen = os.environ.get('MUJOCO_GL')
    reasons = []
    for backend in [chosen] if chosen else ['egl', 'osmesa']:
        try:
            done = subprocess.run(
                [sys.executable, '-m', 'liquid_control.report.video', *arguments],
                env={**os.environ, 'MUJOCO_GL': backend},
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f'{backend}: {error}')
            continue
        if done.returncode == 0 and path.is_file():
            return None
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        text = lines[-1] if lines else f'ended with code {done.returncode}'
        if done.returncode == _NO_WALK:
            return text
        reasons.append(f'{backend}: {text}')
    return f'{"; ".join(reasons)}; {_HINT}'


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


class Caption:
    """Writes time, title and ``fell`` into pictures."""

    def __init__(self, title: str):
        import matplotlib
        from PIL import ImageFont

        path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
        self._title = title
        self._font, self._large = (ImageFont.truetype(str(path), size) for size in (18, 44))

    def write(self, picture: np.ndarray, seconds: float, fell: bool) -> np.ndarray:
        """Return a picture, (height, width, 3) uint8, with its caption."""
        from PIL import Image, ImageDraw

        image = Image.fromarray(picture)
        pen = ImageDraw.Draw(image)
        outlined: Any = {'stroke_width': 2, 'stroke_fill': 'black'}
        pen.text((12, 10), self._title, 'white', self._font, **outlined)
        time = (picture.shape[1] - 12, 10)
        pen.text(time, f'{seconds:.2f} s', 'white', self._font, anchor='ra', **outlined)
        if fell:
            middle = (picture.shape[1] // 2, 80)
            pen.text(middle, 'fell', '#ff5a4d', self._large, anchor='mm', **outlined)
        return np.asarray(image)


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
    import imageio_ffmpeg
    import mujoco

    model = robot.load_model()
    floor = _Floor(robot, model)
    data = mujoco.MjData(model)
    indices = [_qpos_index(model, mujoco, name) for name in names]
    model.vis.quality.shadowsize = 0
    model.vis.quality.offsamples = 0
    model.vis.global_.offwidth, model.vis.global_.offheight = WIDTH, HEIGHT
    camera = _camera(robot, model)
    times = (stamps - stamps[0]) * 1e-9
    whole = seconds is None or seconds >= times[-1]
    end = times[-1] if whole else seconds
    falls = whole and fell_at_end(bag)
    shown = np.arange(0.0, end + (_FELL_S if falls else 0.0) + 1e-9, 1 / FPS)
    frames = np.minimum(np.searchsorted(times, shown), len(times) - 1)
    caption = Caption(name({'run': run}))
    with replacing(out) as partial:
        writer: Any = imageio_ffmpeg.write_frames(
            str(partial), (WIDTH, HEIGHT), fps=FPS, codec='libx264', quality=7,
            macro_block_size=16, ffmpeg_log_level='error', output_params=['-f', 'mp4'],
        )  # fmt: skip
        with mujoco.Renderer(model, HEIGHT, WIDTH) as renderer:
            writer.send(None)
            for row in frames:
                data.qpos[indices] = positions[row]
                mujoco.mj_forward(model, data)
                floor.follow(data)
                renderer.update_scene(data, camera)
                fell = falls and row == len(times) - 1
                picture = caption.write(renderer.render(), times[row], fell)
                writer.send(np.ascontiguousarray(picture))
            writer.close()
    return f'{end:.1f} s, {len(frames)} frames, {out.stat().st_size / 2**20:.1f} MB'


class _Floor:
    """Moves the floor's picture along with the base, by whole tiles, since it has an edge."""

    def __init__(self, robot: SimulatedRobot, model: Any):
        import mujoco

        self._model = model
        self._base = None if robot.base is None else model.body(robot.base).id
        (self._planes,) = np.nonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE)
        material = model.geom_matid[self._planes]
        repeats = np.where(material < 0, 1.0, model.mat_texrepeat[material, 0])
        self._tile = 2.0 * model.geom_size[self._planes, 0] / np.maximum(repeats, 1.0)

    def follow(self, data: Any) -> None:
        """Put the floor under the base; ``data`` is about to be drawn."""
        if self._base is None:
            return
        shift = self._tile * np.rint(data.xpos[self._base, 0] / np.maximum(self._tile, 1e-9))
        data.geom_xpos[self._planes, 0] = self._model.geom_pos[self._planes, 0] + shift


def _camera(robot: SimulatedRobot, model: Any) -> Any:
    """A camera at the robot's side, which follows its base, if it has one."""
    import mujoco

    camera = mujoco.MjvCamera()
    if robot.base is None:
        camera.lookat[:] = model.stat.center
    else:
        camera.type = mujoco.mjtCamera.mjCAMERA_TRACKING
        camera.trackbodyid = model.body(robot.base).id
    camera.distance, camera.azimuth, camera.elevation = robot.camera_distance, 90.0, -12.0
    return camera


def _qpos_index(model: Any, mujoco: Any, name: str) -> int:
    joint = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, name)
    if joint < 0:
        raise BagError(f'{TOPIC}: the model has no joint {name}')
    return int(model.jnt_qposadr[joint])


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
        return _NO_WALK
    return 0


if __name__ == '__main__':
    sys.exit(_main())
