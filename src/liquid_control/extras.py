"""Packages that are not installed everywhere, and the exact command that installs them."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = Path(__file__).resolve().parents[4] / 'share' / 'liquid_control'
_ROS = (
    'rclpy', 'rcl_interfaces', 'lifecycle_msgs', 'builtin_interfaces', 'rosgraph_msgs', 'std_msgs',
    'std_srvs', 'sensor_msgs', 'geometry_msgs', 'nav_msgs', 'diagnostic_msgs',
)  # fmt: skip
MODULES = {
    'ros': _ROS,
    'sim': ('mujoco', 'gymnasium', 'imageio_ffmpeg', 'plotly', 'scipy'),
    'train': ('torch', 'ncps', 'stable_baselines3', 'safetensors', 'onnxscript'),
    'ray': ('ray',),
    'log': ('tensorboard',),
}
"""Extra of ``setup.py`` → the modules that it adds."""
_TARGETS = {'train': 'train', 'ray': 'ray', 'log': 'log'}
"""Extra → target of the Makefile; the others come with ``make install``."""


class MissingModuleError(ModuleNotFoundError):
    """A module is not installed; the message says how to install it."""


def is_installed(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def missing(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [module for module in MODULES[extra] if not is_installed(module)]


def require(*modules: str) -> None:
    """Raise MissingModuleError if one of some modules is not installed."""
    for module in modules:
        if not is_installed(module):
            raise MissingModuleError(lacks(module), name=module)


def lacks(module: str) -> str:
    """Return one line that says what is missing, and the command that installs it."""
    package = module.partition('.')[0].replace('_', '-')
    return f'needs {package}, which is not installed: {command(module)}'


def command(module: str) -> str:
    """Return the command that installs a module for this Python.

    It never installs a CUDA build of torch: the constraints allow the CPU build alone.
    """
    name = module.partition('.')[0]
    extra = next((extra for extra, names in MODULES.items() if name in names), '')
    if extra == 'ros' and Path('/opt/ros').is_dir():
        names = ' or '.join(sorted(path.name for path in Path('/opt/ros').iterdir()))
        return f'source /opt/ros/{names}/setup.bash'
    if (_ROOT / 'Makefile').is_file() and Path(sys.prefix).resolve() == _ROOT / '.venv':
        folder = _shortest(_ROOT)
        where = '' if folder == '.' else f' -C {folder}'
        return f'make{where} {_TARGETS.get(extra, "install")}'
    bracket = f'[{extra}]' if extra else ''
    if (_ROOT / 'constraints.txt').is_file():
        folder = _shortest(_ROOT)
        pins, target = _shortest(_ROOT / 'constraints.txt'), f"-e '{folder}{bracket}'"
    else:
        pins, target = _shortest(_INSTALLED / 'constraints.txt'), f"'liquid_control{bracket}'"
    note = ''
    if extra == 'train':
        note = " --extra-index-url URL, where URL is PyTorch's index of CPU builds"
    return f'{_python()} -m pip install -c {pins} {target}{note}'


def _python() -> str:
    """This interpreter, by the shortest name that starts it."""
    for name in ('python', 'python3'):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return name
    return sys.executable


def _shortest(path: Path) -> str:
    """A path, relative to the working directory if that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
