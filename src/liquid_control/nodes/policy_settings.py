"""Parameters of the policy node."""

from typing import NamedTuple

from rclpy.node import Node

from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import MEASURED, NOMINAL
from liquid_control.nodes.parameters import Parameters


class PolicySettings(NamedTuple):
    """Values of the parameters; see :meth:`declared` for what they mean."""

    robot: str
    policy: str
    autostart: bool
    shadow: bool
    lockstep: bool
    sensor_timeout: float
    rate_tolerance: float
    several_publishers: bool
    on_overload: str
    rehearsals: int
    elapsed: str
    thin: bool
    priority: int

    @classmethod
    def declared(cls, node: Node) -> 'PolicySettings':
        """Declare the parameters on a node and read them.

        Raises:
            NodeError: a value or a name is wrong.
        """
        declare = Parameters(node)
        settings = cls(
            robot=declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.'),
            policy=declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.'),
            autostart=declare.get('autostart', False, 'Configure and activate at the start.'),
            shadow=declare.get(
                'shadow', False,
                "Do not drive: publish commands on ~/command, and take those on the robot's topic, "
                'whoever sends them, as sent.',
            ),
            lockstep=declare.get('lockstep', False, 'A simulation waits for every command.'),
            sensor_timeout=declare.get(
                'sensor_timeout', 0.0,
                'Time without a fresh reading or a right clock after which the robot is stopped, '
                "s; 0: the contract's freshness.", low=0.0,
            ),
            rate_tolerance=declare.get(
                'rate_tolerance', 0.25,
                "Share by which the rate of the readings may differ from the contract's before "
                'the robot is stopped; more readings than that are thinned out first. 0: any rate.',
                low=0.0,
            ),
            several_publishers=declare.get(
                'several_publishers', False,
                "Drive although several publishers of a sensor's topic name the same joints.",
            ),
            on_overload=declare.get(
                'on_overload', 'stop',
                'What follows if for half a second steps have taken longer than a period: the '
                'robot is stopped, or status and log report it.', choices=('stop', 'report'),
            ),
            rehearsals=declare.get(
                'rehearsals', 8,
                'Steps per period on a twin of the policy, to keep processor and caches warm; '
                'none above 250 Hz. 0: none.', low=0, high=100,
            ),
            elapsed=declare.get(
                'elapsed', MEASURED,
                'Elapsed time that the policy is given: as measured between stamps, or always 1.',
                choices=(MEASURED, NOMINAL),
            ),
            thin=declare.get('thin', True, "Leave out readings beyond the contract's rate."),
            priority=declare.priority(),
        )  # fmt: skip
        declare.done()
        return settings

    def timeout(self, robot: Contract) -> float:
        """Time in s after which silent sensors stop the robot.

        Raises:
            ValueError: it is shorter than a period.
        """
        timeout = self.sensor_timeout or robot.freshness
        if timeout * robot.rate < 1.0:
            whose = '' if self.sensor_timeout else ", the contract's freshness"
            raise ValueError(
                f'sensor_timeout: expected at least one period, {1.0 / robot.rate:g} s, found '
                f'{timeout:g}{whose}'
            )
        return timeout
