"""``liquid-control doctor``: what this machine has and lacks, and how to fix it."""

import argparse
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from liquid_control import extras
from liquid_control.cli.arguments import add_json_argument
from liquid_control.nodes.discovery import local_discovery

_SUPPORTED = ((3, 10), (3, 13))
_DEMO_POLICIES = ('cfc', 'lstm')
_OURS = ('sim', 'fault', 'policy', 'monitor')
_HIGHEST_DOMAIN = 101
_DISK_GB = 1.0
_PROBE_S = 40.0
_FRESH = 'get a fresh copy of the package'


@dataclass(frozen=True)
class Finding:
    """One finding: what was checked, ``ok``, ``warning`` or ``missing``, and what to do.

    ``needed`` says whether the demo cannot run without it.
    """

    what: str
    state: str
    text: str
    advice: str = ''
    needed: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json_argument(parser, 'also write the findings here', tables=False)


def main(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markup import escape

    from liquid_control.cli.say import say
    from liquid_control.provenance import provenance, write_json

    console = Console(highlight=False)
    colours = {'ok': 'green', 'warning': 'yellow', 'missing': 'red'}
    findings = []
    with console.status('checking …'):
        for finding in examine():
            findings.append(finding)
            state = f'[{colours[finding.state]}]{finding.state:<8}[/]'
            say(console, f'{state} [bold]{finding.what}[/]: {escape(finding.text)}')
            if finding.advice:
                say(console, f'         → {escape(finding.advice)}')
    lacking = [f.what for f in findings if f.state == 'missing' and f.needed]
    if lacking:
        console.print(f'\nThe demo cannot run here: {", ".join(lacking)}.', style='bold red')
    else:
        console.print('\nThe demo can run here: liquid-control demo', style='bold green')
    if args.json:
        found = [asdict(finding) for finding in findings]
        data = {'format': 1, 'provenance': provenance(), 'demo': not lacking, 'findings': found}
        write_json(args.json, data)
    return 1 if lacking else 0


def examine() -> Iterator[Finding]:
    """Check everything, quick checks first."""
    yield python(sys.version_info[:2])
    yield cores()
    yield priority()
    yield disk(shutil.disk_usage(Path.cwd()).free / 1e9)
    ros = ros_origin()
    yield ros
    yield discovery(os.environ)
    for name, what_for, needed in (
        ('onnxruntime', 'runs the policies', True),
        ('onnx', 'steps predictors through recordings', True),
        ('rosbags', 'records and reads bags', True),
    ):
        yield package(name, what_for, needed)
    yield training()
    simulation = Probe('simulate')
    topic = f'doctor_{os.getpid()}'
    talking = ros.state != 'missing'
    pair = [Probe(name, topic) for name in (('talk', 'listen') if talking else ())]
    simulating = simulated(*simulation.result())
    yield simulating
    if simulating.state == 'ok':
        yield rendering(Probe)
    yield ffmpeg()
    yield from policies()
    if pair:
        talker, listener = pair
        yield from conversation(*listener.result(), os.environ)
        talker.end()


def python(version: tuple[int, int]) -> Finding:
    text = f'{version[0]}.{version[1]} at {sys.executable}'
    if _SUPPORTED[0] <= version <= _SUPPORTED[1]:
        return Finding('Python', 'ok', text)
    advice = 'Python 3.10 to 3.13 is needed: make PYTHON=python3.12 demo'
    return Finding('Python', 'missing', text, advice)


def cores() -> Finding:
    count = len(os.sched_getaffinity(0))
    if count >= 2:
        return Finding('Cores', 'ok', f'{count}')
    advice = 'expect missed deadlines in real time; walks in lockstep are not affected'
    return Finding('Cores', 'warning', f'{count}', advice)


def priority(permitted: Callable[[], str] | None = None) -> Finding:
    """Whether a process may have a real-time priority (SCHED_FIFO); tried in one of its own.

    Args:
        permitted: returns why not, or an empty text.
    """
    problem = (permitted or _refused_priority)()
    if not problem:
        text = f'SCHED_FIFO is permitted ({_right()}): --priority 10 keeps deadlines under load'
        return Finding('Real-time priority', 'ok', text, needed=False)
    advice = (
        'only needed to keep deadlines beside other load: add "USER - rtprio 50" to '
        '/etc/security/limits.conf and log in again, or give Python CAP_SYS_NICE; in a container: '
        '--cap-add SYS_NICE --ulimit rtprio=50'
    )
    text = f'SCHED_FIFO is not permitted: {problem}'
    return Finding('Real-time priority', 'warning', text, advice, needed=False)


def _refused_priority() -> str:
    answer, complaint = Probe('schedule').result()
    return complaint if answer is None else answer['refused']


def _right() -> str:
    """Where the right to a real-time priority comes from."""
    soft, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    return f'RLIMIT_RTPRIO {soft}' if soft else 'CAP_SYS_NICE'


def disk(free_gb: float) -> Finding:
    text = f'{free_gb:.1f} GB free here'
    if free_gb >= _DISK_GB:
        return Finding('Disk', 'ok', text)
    return Finding('Disk', 'warning', text, f'recordings need {_DISK_GB:g} GB; free some space')


def ros_origin() -> Finding:
    """Which ROS 2 installation Python would import."""
    spec = importlib.util.find_spec('rclpy')
    distro = os.environ.get('ROS_DISTRO')
    if spec is None or spec.origin is None:
        return Finding('ROS 2', 'missing', 'rclpy cannot be imported', extras.command('rclpy'))
    try:
        version = f'wheel ros-rclpy {metadata.version("ros-rclpy")}'
        wheel = spec.origin.startswith(sys.prefix)
    except metadata.PackageNotFoundError:
        version, wheel = distro or 'of unknown name', False
    text = f'{version}, from {Path(spec.origin).parents[1]}'
    if wheel and os.environ.get('AMENT_PREFIX_PATH', '').startswith('/opt/ros'):
        advice = f'/opt/ros is sourced ({distro}) beside the wheels: use one of them, not both'
        return Finding('ROS 2', 'warning', text, advice)
    return Finding('ROS 2', 'ok', text)


def discovery(environment: Mapping[str, str]) -> Finding:
    """The settings that determine how nodes find each other."""
    names = (
        'ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY',
        'ROS_STATIC_PEERS', 'RMW_IMPLEMENTATION', 'FASTDDS_BUILTIN_TRANSPORTS',
    )  # fmt: skip
    given = [f'{name}={environment[name]}' for name in names if environment.get(name)]
    text = ', '.join(given) or 'nothing set: domain 0, and our runs stay on this machine'
    domain = environment.get('ROS_DOMAIN_ID') or '0'
    if not domain.isdigit() or int(domain) > _HIGHEST_DOMAIN:
        advice = f'ROS_DOMAIN_ID: expected 0 to {_HIGHEST_DOMAIN}, found {domain!r}'
        return Finding('DDS settings', 'missing', text, advice)
    if environment.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'OFF':
        advice = 'with discovery off no process finds another: unset ROS_AUTOMATIC_DISCOVERY_RANGE'
        return Finding('DDS settings', 'missing', text, advice)
    return Finding('DDS settings', 'ok', text)


def package(name: str, what_for: str, needed: bool) -> Finding:
    try:
        return Finding(name, 'ok', f'{metadata.version(name)}, {what_for}', needed=needed)
    except metadata.PackageNotFoundError:
        text = f'not installed; {what_for}'
        return Finding(name, 'missing', text, extras.command(name), needed)


def training() -> Finding:
    """Whether everything that training needs is installed; the demo needs none of it."""
    lacking = extras.missing('train')
    if not lacking:
        return Finding('Training', 'ok', 'torch and all else is installed', needed=False)
    text = f'not installed: {", ".join(lacking)}; only training needs it'
    return Finding('Training', 'missing', text, extras.command('torch'), needed=False)


class Probe:
    """One probe, running in its own process."""

    def __init__(self, name: str, *arguments: str, **environment: str):
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'liquid_control.cli.probes', name, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **local_discovery(os.environ), **environment},
        )

    def result(self) -> tuple[dict | None, str]:
        """Return what it printed and '', or None and the last line of its error output."""
        try:
            out, complaint = self._process.communicate(timeout=_PROBE_S)
        except subprocess.TimeoutExpired:
            self.end()
            return None, f'no answer within {_PROBE_S:g} s'
        lines = complaint.strip().splitlines()
        if self._process.returncode != 0 or not out.strip():
            return None, lines[-1] if lines else f'ended with {self._process.returncode}'
        return json.loads(out.strip().splitlines()[-1]), ''

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def simulated(answer: dict | None, complaint: str) -> Finding:
    if answer is None:
        return Finding('MuJoCo', 'missing', complaint, extras.command('mujoco'))
    if 'wrong' in answer:
        advice = 'mend this file, or move it away: until then no robot is simulated'
        return Finding('Simulated robots', 'missing', answer['wrong'], advice)
    return Finding('MuJoCo', 'ok', f'{answer["version"]}; Walker2d took a step')


def rendering(probe: Callable[..., Probe]) -> Finding:
    """Off-screen GL: the backend named in the environment, else EGL, else OSMesa."""
    chosen = os.environ.get('MUJOCO_GL')
    complaints = []
    for backend in [chosen] if chosen else ['egl', 'osmesa']:
        answer, complaint = probe('render', MUJOCO_GL=backend, PYOPENGL_PLATFORM=backend).result()
        if answer is not None and answer['mean'] > 0:
            return Finding('Rendering', 'ok', f'drew a frame off screen with {backend}')
        complaints.append(f'{backend}: {complaint or "drew a black frame"}')
    advice = (
        'runs work without videos; on Debian and Ubuntu: '
        'apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri'
    )
    return Finding('Rendering', 'warning', '; '.join(complaints), advice, needed=False)


def ffmpeg() -> Finding:
    try:
        import imageio_ffmpeg

        path = imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        advice = f'{extras.command("imageio_ffmpeg")}; or apt-get install ffmpeg'
        return Finding('Video', 'warning', str(error), advice)
    return Finding('Video', 'ok', f'ffmpeg at {path}')


def policies(robot: str = 'walker2d') -> Iterator[Finding]:
    """Whether the shipped policies can be read and fit the robot."""
    try:
        from liquid_control import paths
        from liquid_control.control.bundle import Bundle
        from liquid_control.control.contract import Contract

        contract = Contract.load(paths.robot(robot))
        found = paths.policies(robot)
    except (ImportError, ValueError, OSError) as error:
        advice = extras.command(error.name or '') if isinstance(error, ImportError) else _FRESH
        yield Finding('Shared files', 'missing', str(error), advice)
        return
    fitting = []
    for name in [*found, *(n for n in _DEMO_POLICIES if n not in found)]:
        what, needed = f'Policy {name}', name in _DEMO_POLICIES
        if name not in found:
            yield Finding(what, 'missing', 'not among the shared files', _FRESH)
            continue
        try:
            bundle = Bundle.read(found[name])
            bundle.contract.require_fit(contract, str(found[name]))
        except ValueError as error:
            yield Finding(what, 'missing', str(error), 'get a fresh copy, or train it', needed)
        else:
            fitting.append(name)
    if fitting:
        yield Finding('Policies', 'ok', f'{len(fitting)} fit {robot}: {", ".join(fitting)}')


def conversation(
    answer: dict | None, complaint: str, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether one process heard another over ROS 2, and who else is in the domain."""
    if answer is None or not answer['heard']:
        text = complaint
        if answer is not None and not complaint:
            text = f'with {answer["rmw"]}, no message came through'
        advice = (
            'multicast or UDP may be blocked on the loopback (firewall, container); try '
            'FASTDDS_BUILTIN_TRANSPORTS=UDPv4, or another ROS_DOMAIN_ID'
        )
        yield Finding('Messages', 'missing', text, advice)
        return
    text = f'{answer["rmw"]}; one process heard another after {answer["seconds"]:.2f} s'
    yield Finding('Messages', 'ok', text)
    domain = environment.get('ROS_DOMAIN_ID') or '0'
    ours = [name for name in answer['others'] if name.strip('/') in _OURS]
    if ours:
        advice = 'a second node of the same name refuses to start: end them, or set ROS_DOMAIN_ID'
        yield Finding('Domain', 'warning', f'{", ".join(ours)} already in {domain}', advice)
    else:
        others = ', '.join(answer['others']) or 'no other node'
        yield Finding('Domain', 'ok', f'{domain}: {others}')
