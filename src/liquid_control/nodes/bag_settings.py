"""Parameters of the bag node."""

from typing import NamedTuple

from rclpy.node import Node

from liquid_control.nodes.parameters import Parameters


class BagSettings(NamedTuple):
    """Values of the parameters; see :meth:`declared` for what they mean."""

    bag: str
    robot: str
    policy: str
    observed: str
    distro: str
    msgs: str
    speed: float
    wait_for: int
    start_timeout: float
    answer_timeout: float
    anyone: bool

    @classmethod
    def declared(cls, node: Node) -> 'BagSettings':
        """Declare the parameters on a node and read them.

        Raises:
            NodeError: a value or a name is wrong.
        """
        declare = Parameters(node)
        settings = cls(
            bag=declare.get('bag', '', 'Recording: a run folder, a rosbag2 folder or a file.'),
            robot=declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.'),
            policy=declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.'),
            observed=declare.get(
                'observed', '',
                'Topics recorded under another name: topic=recorded topic=recorded',
            ),
            distro=declare.get(
                'distro', '',
                'ROS 2 distribution of types that the bag does not define; empty: its own.',
            ),
            msgs=declare.get(
                'msgs', '', 'Folder of .msg files of types that the bag does not define.'
            ),
            speed=declare.get(
                'speed', 0.0,
                'Playback speed, times real time; 0: as fast as the policy answers.', low=0.0,
            ),
            wait_for=declare.get(
                'wait_for', 1, 'Subscribers of the pacing topic to wait for before the start.',
                low=0,
            ),
            start_timeout=declare.get(
                'start_timeout', 60.0, 'Longest wait for the graph to come up, s.', low=0.1
            ),
            answer_timeout=declare.get(
                'answer_timeout', 10.0, 'Speed 0: longest wait for an answer, s.', low=0.1
            ),
            anyone=declare.get(
                'anyone', False, 'Play even if other nodes hear the commands or send the sensors.'
            ),
        )  # fmt: skip
        declare.done()
        return settings
