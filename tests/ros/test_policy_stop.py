"""What a simulation takes for a stop of the policy that drives it."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from liquid_control.nodes.policy_stop import PolicyStop


class Listening:
    """Stands in for a node: keeps the callback of its one subscription."""

    def create_subscription(self, kind, topic, callback, depth):
        self.hear = callback


@pytest.fixture
def node():
    return Listening()


def said(stopped, active='True'):
    values = [KeyValue(key='active', value=active), KeyValue(key='stopped', value=stopped)]
    return DiagnosticArray(status=[DiagnosticStatus(values=values)])


def test_a_stop_is_known_until_the_policy_is_armed_again(node):
    policy = PolicyStop(node)
    node.hear(said('no observation for 0.1 s, limit 0.1 s'))
    assert policy.why == 'no observation for 0.1 s, limit 0.1 s'
    node.hear(said(''))
    assert policy.why == ''


@pytest.mark.parametrize(
    'reason', ['asked to end', 'another node named /policy runs in this ROS domain; end it']
)
def test_a_node_that_only_goes_has_not_stopped_driving(node, reason):
    policy = PolicyStop(node)
    node.hear(said(reason))
    assert policy.why == ''


def test_an_inactive_node_has_not_stopped_driving(node):
    policy = PolicyStop(node)
    node.hear(said('requested by the operator', active='False'))
    assert policy.why == ''
