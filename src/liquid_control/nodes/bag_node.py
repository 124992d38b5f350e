"""bag_node: plays a recording on the graph, message by message, to a policy node in shadow mode.

Publishes the topics that the policy reads, under their contract names, ``/clock``, and the
commands that were actually sent; subscribes to ``policy/command``, what the policy would have
sent.

It refuses to play where anything but its own graph would obey the commands, or sends the sensors:
on a robot, a replay would drive.

With ``speed`` 0 the next observation follows once the last was answered, so nothing depends on
timing and the results are those of a replay without ROS. With a higher speed, messages follow the
recorded stamps, that many times as fast, without waiting for answers.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

from liquid_control import paths
from liquid_control.bags.bag import Bag
from liquid_control.bags.commands import recorded_commands
from liquid_control.bags.merging import merged
from liquid_control.bags.names import check_renamed, renaming
from liquid_control.control.bundle import Bundle
from liquid_control.control.commands import command_codec, command_reader
from liquid_control.control.contract import Contract
from liquid_control.control.observe import Observer
from liquid_control.control.stamps import stamp_ns
from liquid_control.control.topics import BAG_ENDED, FLOAT64_MULTI_ARRAY, SHADOW
from liquid_control.nodes.bag_settings import BagSettings
from liquid_control.nodes.playback import Playback
from liquid_control.nodes.session import NodeError, Session, run_process
from liquid_control.nodes.wire import (
    clock_message,
    message_type,
    qos,
)

_UNKNOWN, _NAMES_S, _NAMES_PLAYING_S = '_UNKNOWN_', 10.0, 3.0
"""What the middleware calls a node whose name it has yet to learn, and how long that may take:
before anything is played, and while a recording waits for it."""
_COMMAND_LINE = '_ros2cli'
"""How the nodes of ``ros2 topic echo`` and its like are named."""
_LOOK_S = 1.0
"""Time after which it looks again who else is there; at once if the number of subscribers of the
commands changes."""


class BagNode(Node):
    """Reads one bag and plays it to one policy node."""

    def __init__(self):
        super().__init__('bag')
        self._settings = settings = BagSettings.declared(self)
        if not settings.bag:
            raise ValueError('bag: expected a recording, found nothing')
        self._bag = Bag(Path(settings.bag), settings.distro or None, settings.msgs or None)
        self._robot = Contract.load(path := paths.robot(settings.robot))
        asked = Bundle.read(paths.policy(settings.policy, path)).contract
        asked.require_fit(self._robot, settings.policy)
        self._contract = asked.on(self._robot)
        self._observed = dict(map(renaming, settings.observed.split()))
        check_renamed(self._observed, self._robot)
        self._answered: int | None = None
        self._looked, self._hearers = 0.0, 0
        self.observations = 0
        self._open()

    def _open(self) -> None:
        profile = qos(lockstep=self._settings.speed == 0.0, reliable=True, depth=10)
        self._sensors = {
            topic: self.create_publisher(message_type(kind), topic, profile)
            for topic, kind in self._contract.topics.items()
        }
        self._pace = next(iter(self._contract.topics))
        self._time = self.create_publisher(Clock, '/clock', 10)
        topic = self._robot.action.topic
        self._codec = command_codec(self._robot)
        self._sent = self.create_publisher(message_type(self._codec.kind), topic, profile)
        self._ended = self.create_publisher(Header, BAG_ENDED, profile)
        self._command = self._codec.empty(message_type)
        self._answers = command_reader(self._robot, FLOAT64_MULTI_ARRAY)
        kind = message_type(FLOAT64_MULTI_ARRAY)
        self.create_subscription(kind, SHADOW, self._on_answer, profile)

    def _on_answer(self, message: Any) -> None:
        self._answered = self._answers.answered(message)

    def run(self, session: Session) -> int:
        """Play the whole recording; return the exit code.

        Raises:
            NodeError: the graph did not come up, or an observation was not answered.
        """
        session.require_alone()
        self._wait_for_graph(session)
        self._require_apart(session, _NAMES_S)
        self._play(session)
        session.deliver(self._sent, *self._sensors.values())
        why = 'interrupted' if session.stopping else self._bag.damage or ''
        self._ended.publish(Header(frame_id=why))
        session.deliver(self._ended)
        self.get_logger().info(f'{self.observations} observations of {self._bag.path}')
        if self._bag.damage:
            self.get_logger().error(f'incomplete recording: {self._bag.damage}')
        return int(bool(self._bag.damage))

    def _wait_for_graph(self, session: Session) -> None:
        pace, settings = self._sensors[self._pace], self._settings

        def up() -> bool:
            listening = pace.get_subscription_count() >= settings.wait_for
            return listening and self.count_publishers(SHADOW) > 0

        if not session.spin_for(settings.start_timeout, up) and not session.stopping:
            raise NodeError(
                f'waited {settings.start_timeout:g} s: {self._pace} has '
                f'{pace.get_subscription_count()} subscribers of {settings.wait_for}, {SHADOW} has '
                f'{self.count_publishers(SHADOW)} publishers of 1; is a policy node with shadow: '
                'true active in this ROS domain?'
            )

    def _require_apart(self, session: Session, patience: float) -> None:
        """Refuse to play to a robot, after up to ``patience`` seconds for the names of nodes.

        Raises:
            NodeError: a node other than the replay's own hears the commands or sends a sensor's
                topic.
        """
        if self._settings.anyone:
            return
        session.spin_for(patience, lambda: not any(_UNKNOWN in who for _, who in self._others()))
        self._looked, self._hearers = time.monotonic(), self._sent.get_subscription_count()
        for doing, who in self._others():
            raise NodeError(
                f'{doing} by {who}: a replay must not drive a robot; end that, choose another '
                'domain (ROS_DOMAIN_ID), or set anyone: true'
            )

    def _others(self) -> Iterator[tuple[str, str]]:
        """What is done by nodes that do not belong to the replay, and by which."""
        topic, space = self._robot.action.topic, self.get_namespace()
        ends = [
            (f'{topic} is heard', end, ('policy', 'monitor'))
            for end in self.get_subscriptions_info_by_topic(self.resolve_topic_name(topic))
        ] + [
            (f'{topic} is sent', end, (self.get_name(),))
            for topic in self._sensors
            for end in self.get_publishers_info_by_topic(self.resolve_topic_name(topic))
        ]
        for doing, end, own in ends:
            ours = end.node_namespace == space and end.node_name in own
            if not ours and not end.node_name.startswith(_COMMAND_LINE):
                yield doing, f'{end.node_namespace.rstrip("/")}/{end.node_name}'

    def _play(self, session: Session) -> None:
        commands = recorded_commands(self._bag, self._robot, self._observed)
        observer = Observer(self._contract)
        playback = Playback(self._settings.speed) if self._settings.speed else None
        for now, topic, message, _ in merged(self._bag, self._contract, self._observed):
            if playback:
                playback.put_off(now)
                session.spin_for(playback.left_s(now))
            if session.stopping:
                return
            joined = self._sent.get_subscription_count() != self._hearers
            if joined or time.monotonic() - self._looked > _LOOK_S:
                self._require_apart(session, _NAMES_PLAYING_S)
                if playback:
                    playback.put_off(now)  # if that took long
            stamp = stamp_ns(message)
            if topic == self._pace:
                sent, answers = commands.take(stamp, now)
                if commands.required and not answers:
                    continue  # it did not reach the policy that drove
                if sent is not None:
                    self._sent.publish(self._codec.fill(self._command, stamp, sent))
            self._publish(topic, stamp, message)
            complete = observer.update(topic, message)
            if complete is not None:
                self.observations += 1
                self._wait_for_answer(session, complete[0])

    def _publish(self, topic: str, stamp: int, message: Any) -> None:
        self._time.publish(clock_message(stamp))
        self._sensors[topic].publish(self._bag.encoded(message))

    def _wait_for_answer(self, session: Session, stamp: int) -> None:
        timeout = self._settings.answer_timeout
        if self._settings.speed or session.spin_for(timeout, lambda: self._answered == stamp):
            return
        if not session.stopping:
            raise NodeError(
                f'no answer to the observation of stamp {stamp} within {timeout:g} s: has the '
                'policy node stopped or died?'
            )


def main() -> int:
    """Entry point of the executable."""
    return run_process(BagNode, lambda session: session.node.run(session))


if __name__ == '__main__':
    sys.exit(main())
