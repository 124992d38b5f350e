"""What the simulation tells of its episodes: a row per step, and progress."""

import json
import time
from dataclasses import dataclass

from rclpy.node import Node
from sensor_msgs.msg import JointState

from liquid_control.nodes.wire import qos, set_stamp

_ROW = (
    'episode', 'seed', 'step', 'reward', 'return', 'terminated', 'truncated', 'done',
    'command_latency', 'late',
)  # fmt: skip
_REPORT_S = 0.2


@dataclass
class Episode:
    """One episode so far."""

    index: int
    seed: int
    last: bool
    """Whether no other follows."""
    step: int = 0
    total: float = 0.0
    """Sum of rewards."""
    missed: int = 0
    """Steps without a command in time."""
    silent_s: float = 0.0
    """Time since the last command arrived."""
    terminated: bool = False
    """Whether it ended with a fall."""
    truncated: bool = False
    """Whether it ended otherwise."""
    stopped: bool = False
    """Whether the policy stopped driving: the run is over, and the episode not complete."""

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated or self.stopped


class EpisodeReport:
    """Publishes ``~/episode``, one row per step, and reports progress.

    Args:
        node: the simulation.
        lockstep: whether time waits for commands.
        progress: ``json``: lines of JSON; ``log``: as episodes end; ``none``.

    Attributes:
        publisher: of the rows.
    """

    def __init__(self, node: Node, lockstep: bool, progress: str):
        self._node, self._lockstep, self._progress = node, lockstep, progress
        profile = qos(lockstep=lockstep, reliable=True, depth=100)
        self.publisher = node.create_publisher(JointState, '~/episode', profile)
        self._row = JointState(name=list(_ROW))
        self._reported = 0.0

    def add(
        self, episode: Episode, reward: float, latency: float, late: bool, stamp_ns: int
    ) -> None:
        """Report a step; ``stamp_ns`` is the time after it."""
        values = (
            episode.index, episode.seed, episode.step, reward, episode.total, episode.terminated,
            episode.truncated, episode.over and (episode.last or episode.stopped), latency, late,
        )  # fmt: skip
        self._row.position = [float(value) for value in values]
        set_stamp(self._row, stamp_ns)
        self.publisher.publish(self._row)
        if self._progress == 'json':
            self._print(episode)
        elif self._progress == 'log' and episode.over:
            self._log(episode)

    def _print(self, episode: Episode) -> None:
        """Print progress from time to time, and as episodes end."""
        now = time.monotonic()
        if not episode.over and now - self._reported <= _REPORT_S:
            return
        self._reported = now
        line = {
            'episode': episode.index, 'step': episode.step, 'return': episode.total, 'ratio': None,
            'over': episode.over, 'terminated': episode.terminated, 'missed': episode.missed,
            'silent_s': episode.silent_s,
        }  # fmt: skip
        print(json.dumps(line), flush=True)

    def _log(self, episode: Episode) -> None:
        end = 'a fall' if episode.terminated else 'its last step'
        end = 'a stop of the policy' if episode.stopped else end
        late = '' if self._lockstep else f', {episode.missed} deadlines missed'
        self._node.get_logger().info(
            f'episode {episode.index} ended with {end} after {episode.step} steps: '
            f'return {episode.total:.0f}{late}'
        )
