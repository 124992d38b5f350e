"""Draws a robot's motion with MuJoCo and encodes it as a video, with time, title and fall.

MuJoCo chooses its OpenGL backend on import, so drawing is done in a process of its own, see
:func:`drawn_apart`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control import extras
from liquid_control.files import replacing
from liquid_control.sim import SimulatedRobot

NO_WALK = 3
"""Exit code of a process that found nothing that it could draw, whatever the backend."""
_FELL_S = 1.0
"""How long the last picture of a walk that ended in a fall stands."""
_HINT = 'off-screen drawing needs EGL (Debian: libegl1 libegl-mesa0 libgl1-mesa-dri) or libosmesa6'


@dataclass(frozen=True)
class Format:
    """Size and quality of a video; width and height are multiples of 16.

    Attributes:
        width, height: pixels.
        fps: pictures a second.
        crf: constant rate factor of H.264: higher is smaller.
    """

    width: int = 640
    height: int = 480
    fps: int = 25
    crf: int = 23


@dataclass(frozen=True)
class Motion:
    """What is drawn.

    Attributes:
        times: time of each row in s, from the start of the episode, (T,).
        qpos: position of every joint of the model, (T, nq).
        fell: whether the last row is a fall.
        title: written into every picture.
    """

    times: np.ndarray
    qpos: np.ndarray
    fell: bool
    title: str


def drawn_apart(module: str, arguments: Sequence[str], timeout_s: float) -> str | None:
    """Run a module that draws, with the backends that this machine may have, until one works.

    Returns:
        None if it worked, else one line that says why not.
    """
    chosen = os.environ.get('MUJOCO_GL')
    reasons = []
    for backend in [chosen] if chosen else ['egl', 'osmesa']:
        try:
            done = subprocess.run(
                [sys.executable, '-m', module, *arguments],
                env={**os.environ, 'MUJOCO_GL': backend},
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f'{backend}: {error}')
            continue
        if done.returncode == 0:
            return None
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        text = lines[-1] if lines else f'ended with code {done.returncode}'
        if done.returncode == NO_WALK:
            return text
        reasons.append(f'{backend}: {text}')
    return f'{"; ".join(reasons)}; {_HINT}'


class Caption:
    """Writes time, title and ``fell`` into pictures.

    Args:
        title: text at the upper left.
        height: height of the pictures, to which the text's size is adapted.
    """

    def __init__(self, title: str, height: int = 480):
        import matplotlib
        from PIL import ImageFont

        path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
        self._title = title
        sizes = max(11, round(0.0375 * height)), max(22, round(0.0917 * height))
        self._font, self._large = (ImageFont.truetype(str(path), size) for size in sizes)
        self._margin = max(6, height // 48)

    def write(self, picture: np.ndarray, seconds: float, fell: bool) -> np.ndarray:
        """Return a picture, (height, width, 3) uint8, with its caption."""
        from PIL import Image, ImageDraw

        image = Image.fromarray(picture)
        pen = ImageDraw.Draw(image)
        outlined: Any = {'stroke_width': 2, 'stroke_fill': 'black'}
        edge = self._margin
        pen.text((edge, edge), self._title, 'white', self._font, **outlined)
        time = (picture.shape[1] - edge, edge)
        pen.text(time, f'{seconds:.2f} s', 'white', self._font, anchor='ra', **outlined)
        if fell:
            middle = (picture.shape[1] // 2, picture.shape[0] // 6)
            pen.text(middle, 'fell', '#ff5a4d', self._large, anchor='mm', **outlined)
        return np.asarray(image)


def film(robot: SimulatedRobot, motion: Motion, out: Path, form: Format) -> int:
    """Draw a motion and encode it as H.264; returns the number of pictures.

    Raises:
        MissingModuleError: MuJoCo or the encoder is not installed.
        OSError: the file cannot be written.
    """
    extras.require('imageio_ffmpeg', 'mujoco')
    import imageio_ffmpeg
    import mujoco

    model = robot.load_model()
    floor, data = Floor(robot, model), mujoco.MjData(model)
    model.vis.quality.shadowsize = 0
    model.vis.quality.offsamples = 0
    model.vis.global_.offwidth, model.vis.global_.offheight = form.width, form.height
    camera = _camera(robot, model)
    times = motion.times
    stands = _FELL_S if motion.fell else 0.0
    shown = np.arange(times[0], times[-1] + stands + 1e-9, 1 / form.fps)
    rows = np.minimum(np.searchsorted(times, shown), len(times) - 1)
    caption = Caption(motion.title, form.height)
    with replacing(out) as partial:
        writer: Any = imageio_ffmpeg.write_frames(
            str(partial), (form.width, form.height), fps=form.fps, codec='libx264', quality=None,
            macro_block_size=16, ffmpeg_log_level='error',
            output_params=['-crf', str(form.crf), '-movflags', '+faststart', '-f', 'mp4'],
        )  # fmt: skip
        with mujoco.Renderer(model, form.height, form.width) as renderer:
            writer.send(None)
            for row in rows:
                data.qpos[:] = motion.qpos[row]
                mujoco.mj_forward(model, data)
                floor.follow(data)
                renderer.update_scene(data, camera)
                fell = motion.fell and row == len(times) - 1
                picture = caption.write(renderer.render(), times[row], fell)
                writer.send(np.ascontiguousarray(picture))
            writer.close()
    return len(rows)


class Floor:
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
