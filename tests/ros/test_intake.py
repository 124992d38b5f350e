"""Messages are taken in batches: recorded in order, counted, and followed as time permits."""

import time
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

import rclpy
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from liquid_control.bags.bag import Bag
from liquid_control.nodes.intake import Intake, Sequence
from liquid_control.nodes.recorder import Recorder

COUNT = 3000


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    made = rclpy.create_node('intake', context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


class Talk:
    """Two topics of one process, and an intake that takes them."""

    def __init__(self, node, folder, follow=None):
        self.recorder = Recorder(folder / 'bag')
        self.errors = []
        self.intake = Intake(node, self.recorder, lambda topic, error: self.errors.append(error))
        profile = QoSProfile(depth=2 * COUNT)
        self.publishers = [node.create_publisher(String, name, profile) for name in ('a', 'b')]
        for name in ('a', 'b'):
            self.intake.subscribe(name, 'std_msgs/msg/String', profile, follow=follow)
        end = time.monotonic() + 30.0
        while not all(p.get_subscription_count() for p in self.publishers):
            assert time.monotonic() < end
            time.sleep(0.01)

    def say(self, count):
        for number in range(count):
            self.publishers[number % 2].publish(String(data=str(number)))

    def take_all(self, count):
        end = time.monotonic() + 60.0
        while self.recorder.count < count:
            assert time.monotonic() < end, f'{self.recorder.count} of {count}'
            self.intake.take()
            time.sleep(0.005)
        self.intake.take(last=True)
        self.recorder.close()


def test_topics_are_recorded_in_the_order_in_which_they_were_received(node, tmp_path):
    talk = Talk(node, tmp_path)
    talk.say(COUNT)
    talk.take_all(COUNT)
    recorded = [(stamp, int(m.data)) for _, _, stamp, m in Bag(tmp_path).decoded(['a', 'b'])]
    assert [number for _, number in recorded] == list(range(COUNT))
    stamps = [stamp for stamp, _ in recorded]
    assert stamps == sorted(stamps)
    assert talk.intake.lost() == {t: {'sent': COUNT // 2, 'lost': 0} for t in ('a', 'b')}


def test_a_follower_that_is_too_slow_costs_no_recording(node, tmp_path):
    talk = Talk(node, tmp_path, follow=lambda message: time.sleep(0.02))
    talk.say(COUNT)
    talk.take_all(COUNT)
    assert Bag(tmp_path).counts == {'a': COUNT // 2, 'b': COUNT // 2}
    assert talk.intake.skipped > 0


def test_a_follower_that_fails_costs_no_recording(node, tmp_path):
    def fail(message):
        raise KeyError(message.data)

    talk = Talk(node, tmp_path, follow=fail)
    talk.say(10)
    talk.take_all(10)
    assert Bag(tmp_path).counts == {'a': 5, 'b': 5}
    assert talk.intake.refused == len(talk.errors) == 10


def test_what_is_between_two_numbers_was_lost():
    sequence = Sequence(7, 7)
    for number in (8, 9, 15):
        sequence.add(number)
    assert (sequence.sent, sequence.lost) == (9, 5)


def test_a_message_that_was_resent_keeps_its_turn(node, tmp_path):
    """Its time of receipt is later than that of messages which it comes before."""

    class Handle:
        """A queue whose first message was received last."""

        waiting = [(b'0', 300), (b'1', 100), (b'2', 200)]  # noqa: RUF012

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def take_message(self, kind, raw):
            if not self.waiting:
                return None
            text, received = self.waiting.pop(0)
            return text, {'received_timestamp': received}

    talk, order = Talk(node, tmp_path), []
    source = talk.intake._sources[0]
    source.subscription = SimpleNamespace(handle=Handle())
    source.record = lambda received, raw: order.append((received, raw))
    talk.intake.take(last=True)
    assert order == [(300, b'0'), (300, b'1'), (300, b'2')]
    talk.recorder.close()
