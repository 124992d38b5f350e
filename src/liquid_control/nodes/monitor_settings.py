"""Parameters of the monitor."""

from typing import NamedTuple

from rclpy.node import Node

from liquid_control.control.elapsed import MEASURED, NOMINAL
from liquid_control.faults import parse, sensors_faulty
from liquid_control.nodes.parameters import Parameters


class MonitorSettings(NamedTuple):
    """Values of the parameters; see :meth:`declared` for what they mean."""

    robot: str
    policy: str
    policy_name: str
    fault: str
    predictor: str
    seed: int
    episodes: int
    mode: str
    lockstep: bool
    run_folder: str
    command: str
    elapsed: str
    thin: bool
    seconds: float
    silence: float
    start_timeout: float
    progress: str
    report: bool

    @classmethod
    def declared(cls, node: Node) -> 'MonitorSettings':
        """Declare the parameters on a node and read them.

        Raises:
            NodeError: a value or a name is wrong.
        """
        declare = Parameters(node)
        settings = cls(
            robot=declare.get('robot', 'walker2d', 'Contract: a name, or a path to its YAML.'),
            policy=declare.get('policy', 'cfc', 'Bundle: a name, or a path to its file.'),
            policy_name=declare.get(
                'policy_name', '', 'Name of the policy, for the record; empty: that of its file.'
            ),
            fault=declare.get('fault', 'none', 'Faults of the run, for the record.'),
            predictor=declare.get(
                'predictor', '',
                "Path of a predictor's bundle whose alarm watches the robot; empty: none.",
            ),
            seed=declare.get('seed', 0, 'Seed of the run.', low=0),
            episodes=declare.get('episodes', 1, 'Episodes of the run.', low=0),
            mode=declare.get(
                'mode', 'robot', 'What is observed.',
                choices=('lockstep', 'realtime', 'robot', 'replay'),
            ),
            lockstep=declare.get(
                'lockstep', True, 'Mode replay: the recording waits for every answer.'
            ),
            run_folder=declare.get(
                'run_folder', 'runs/latest', 'Folder to write; must hold no bag.'
            ),
            command=declare.get('command', '', 'Command line that started the run.'),
            elapsed=declare.get(
                'elapsed', MEASURED, 'Elapsed time that the policy is given, for the record.',
                choices=(MEASURED, NOMINAL),
            ),
            thin=declare.get(
                'thin', True, "Whether the policy leaves out readings beyond the contract's rate."
            ),
            seconds=declare.get('seconds', 0.0, 'End after this time, s; 0: never.', low=0.0),
            silence=declare.get(
                'silence', 15.0, 'Simulation: longest silence before the run is given up, s.',
                low=0.1,
            ),
            start_timeout=declare.get(
                'start_timeout', 60.0, 'Longest wait for the first message, s.', low=0.1
            ),
            progress=declare.get(
                'progress', 'log', 'How to report progress.', choices=('log', 'json', 'none')
            ),
            report=declare.get('report', True, 'Write report.html at the end.'),
        )  # fmt: skip
        declare.done()
        return settings

    @property
    def waits(self) -> bool:
        """Whether the simulation or the recording waits for every answer."""
        return self.mode == 'lockstep' or (self.mode == 'replay' and self.lockstep)

    @property
    def simulated(self) -> bool:
        return self.mode in ('lockstep', 'realtime')

    @property
    def faulty(self) -> bool:
        """Whether the policy reads what the fault node republishes."""
        return sensors_faulty(parse(self.fault))
