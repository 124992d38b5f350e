"""Two nodes of one name that find each other late."""

import pytest

pytest.importorskip('rclpy')

from liquid_control.nodes.name_guard import NameGuard


class Graph:
    """A node, a clock that stands still unless told, and another of its name from time to time."""

    def __init__(self):
        self.now, self.other = 100.0, False

    def get_name(self):
        return 'policy'

    def get_namespace(self):
        return '/left'

    def get_node_names_and_namespaces(self):
        there = [('policy', '/left'), ('policy', '/right'), ('sim', '/left')]
        return there + [('policy', '/left')] * self.other


def ends_after(graph, guard, seconds):
    """Ask every 0.1 s; return when the guard first told its node to end."""
    began = graph.now
    while graph.now < began + seconds:
        graph.now += 0.1
        if guard.late():
            return graph.now - began
    return None


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def guard(graph):
    return NameGuard(graph, clock=lambda: graph.now)


def test_nodes_of_other_names_or_namespaces_do_not_matter(graph, guard):
    assert not guard.taken()
    assert ends_after(graph, guard, 20.0) is None


def test_one_found_late_ends_it(graph, guard):
    assert ends_after(graph, guard, 3.0) is None
    graph.other = True
    assert guard.taken()
    assert 3.0 < ends_after(graph, guard, 5.0) < 3.7


def test_of_two_that_find_each_other_at_once_the_later_one_ends_first(graph, guard):
    assert ends_after(graph, guard, 2.0) is None
    later = NameGuard(graph, clock=lambda: graph.now)
    assert ends_after(graph, guard, 3.0) is None
    graph.other = True
    began, ended = graph.now, {}
    while len(ended) < 2:
        graph.now += 0.1
        for name, one in (('earlier', guard), ('later', later)):
            if name not in ended and one.late():
                ended[name] = graph.now - began
    assert ended['later'] < ended['earlier'] - 0.5


def test_one_that_leaves_again_was_the_later_one(graph, guard):
    for _ in range(5):
        graph.other = True
        assert ends_after(graph, guard, 1.2) is None
        graph.other = False
        assert ends_after(graph, guard, 0.5) is None


@pytest.mark.parametrize('later_by', [0.1, 0.7, 2.0, 4.0, 8.0])
@pytest.mark.parametrize('found_by_first', [0.6, 1.5, 3.2])
@pytest.mark.parametrize('found_by_second', [0.6, 1.5, 3.2])
def test_two_never_stay_whoever_finds_the_other_when(later_by, found_by_first, found_by_second):
    first, second = Graph(), Graph()
    guards = {'first': NameGuard(first, clock=lambda: first.now)}
    began, ended = first.now, {}
    while first.now < began + 60.0 and not ended:
        first.now += 0.05
        second.now = first.now
        both = first.now - began - later_by
        if both > 0 and 'second' not in guards:
            guards['second'] = NameGuard(second, clock=lambda: second.now)
        first.other, second.other = both > found_by_first, both > found_by_second
        ended = {name: first.now - began for name, guard in guards.items() if guard.late()}
    assert ended
    assert later_by < 8.0 or 'first' not in ended


def test_who_has_been_there_for_long_is_not_disturbed(graph, guard):
    assert ends_after(graph, guard, 11.0) is None
    graph.other = True
    assert ends_after(graph, guard, 60.0) is None
