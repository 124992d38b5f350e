"""What one run is: who drives, under which faults, how long and how."""

import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liquid_control import paths
from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.elapsed import MEASURED, require_elapsed
from liquid_control.control.topics import faulty
from liquid_control.evaluation.episodes import require_faults
from liquid_control.evaluation.runs import about_run
from liquid_control.faults import ClockFault, of_kind, parse, sensors_faulty
from liquid_control.provenance import provenance
from liquid_control.sim import robot_of, simulated_contract


@dataclass(frozen=True)
class RunSettings:
    """What one run is: who drives, under which faults, how long and how.

    Raises:
        FileNotFoundError: there is no such contract, policy or model file.
        ValueError: a robot, policy or fault is unknown, the policy does not fit the robot, the
            robot's model is broken, or a number is out of range.
    """

    folder: Path
    """Run folder; created if missing, must not hold a recording."""
    policy: str
    """Bundle: a name or a path."""
    robot: str = 'walker2d'
    """Contract of a simulated robot: a name or a path."""
    fault: str = 'none'
    """Faults, such as gaussian:0.1+command_delay:2."""
    seed: int = 0
    """Seed of the first episode and of the faults."""
    episodes: int = 1
    """Number of episodes, one after another."""
    seconds: float | None = None
    """Longest episode in s; None: the robot's own."""
    mode: str = 'lockstep'
    """lockstep or realtime."""
    priority: int = 0
    """Real-time priority (SCHED_FIFO) of simulation, fault and policy node; 0: none."""
    elapsed: str = MEASURED
    """Elapsed time that the policy is given: measured, or nominal: always 1."""
    thin: bool = True
    """Leave out readings that come faster than the policy's rate."""
    record: bool = True
    """Record a bag and measure."""
    command: str = ''
    """Command line to write into the run folder."""
    policy_name: str = ''
    """Name of the policy in records and reports; empty: that of its file."""
    names: tuple[str, ...] = field(init=False, default=())
    """Nodes of the run."""

    def __post_init__(self):
        if not self.policy_name:
            object.__setattr__(self, 'policy_name', Path(self.policy).stem)
        contract = self.contract
        simulated = robot_of(contract)
        simulated.load_model()
        if self.seconds is None:
            object.__setattr__(self, 'seconds', simulated.episode_s)
        self._require_driver(contract)
        require_faults(contract, [self.fault])
        if self.mode not in ('lockstep', 'realtime'):
            raise ValueError(f'mode: expected lockstep or realtime, found {self.mode!r}')
        for name in ('episodes', 'seconds'):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f'{name}: expected more than 0, found {getattr(self, name)}')
        require_elapsed(self.elapsed)
        if self.seed < 0:
            raise ValueError(f'seed: expected 0 or more, found {self.seed}')
        if not 0 <= self.priority <= 99:
            raise ValueError(f'priority: expected 0 to 99, found {self.priority}')
        names = ['policy']
        if sensors_faulty(parse(self.fault)):  # the simulation obeys all other kinds of fault
            names.append('fault')
        if self.record:
            names.append('monitor')
        object.__setattr__(self, 'names', (*names, 'sim'))

    def _require_driver(self, contract: Contract) -> None:
        bundle = Bundle.read(self._policy_path)
        try:
            bundle.require_driver(contract)
        except ContractError as error:
            made_for = bundle.contract.robot
            if made_for == contract.robot:
                raise
            raise ContractError(
                f'{error}; it was made for {made_for}: give --robot {made_for}, or its contract'
            ) from None

    @functools.cached_property
    def _contract_path(self) -> Path:
        return simulated_contract(self.robot)

    @functools.cached_property
    def contract(self) -> Contract:
        """The robot's contract."""
        return Contract.load(self._contract_path)

    @functools.cached_property
    def _policy_path(self) -> Path:
        return paths.policy(self.policy, self._contract_path)

    @property
    def steps(self) -> int:
        """Longest episode in nominal control periods."""
        return max(1, round((self.seconds or 0.0) * self.contract.rate))

    def about(self) -> dict[str, Any]:
        """The content of ``run.json`` before anything is recorded."""
        return about_run(
            self.contract, Bundle.read(self._policy_path), self.policy_name, mode=self.mode,
            fault=self.fault, seed=self.seed, episodes=self.episodes, elapsed=self.elapsed,
            thin=self.thin, observed={},
            provenance=provenance(**({'command': self.command} if self.command else {})),
        )  # fmt: skip

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Node → parameters that this run sets on top of ``config/sim.yaml``."""
        lockstep = self.mode == 'lockstep'
        robot, policy = str(self._contract_path), str(self._policy_path)
        shared = {'robot': robot, 'seed': self.seed}
        priority = {'priority': self.priority} if self.priority else {}
        run = {'mode': self.mode, 'episodes': self.episodes}
        # Under a fault of the clock, another rate than the contract's is what was asked for.
        rate = {'rate_tolerance': 0.0} if of_kind(parse(self.fault), ClockFault) else {}
        values = {
            'sim': {
                **shared,
                **run,
                **priority,
                'policy': policy,
                'steps': self.steps,
                'fault': self.fault,
                'thin': self.thin,
                'end_on_stop': True,
                'wait_for': 1 + self.record,
                'progress': 'none' if self.record else 'json',
            },
            'policy': {
                'robot': robot,
                'policy': policy,
                'lockstep': lockstep,
                'elapsed': self.elapsed,
                'thin': self.thin,
                **rate,
                **priority,
            },
            'fault': {**shared, **priority, 'fault': self.fault, 'lockstep': lockstep},
            'monitor': {
                **shared,
                **run,
                'policy': policy,
                'policy_name': self.policy_name,
                'fault': self.fault,
                'run_folder': str(self.folder),
                'command': self.command,
                'elapsed': self.elapsed,
                'thin': self.thin,
                'progress': 'json',
                'report': False,
            },
        }
        return {name: values[name] for name in self.names}

    def remappings(self) -> dict[str, str]:
        """Topic → name under which the policy reads it: that of the faulty sensors."""
        if 'fault' not in self.names:
            return {}
        return faulty(self.contract.topics)


def policy_for(robot: str, policy: str = '') -> str:
    """The policy that drives a simulated robot: the one that is named, or the robot's default.

    Args:
        robot: contract of the robot: a name or a path.
        policy: bundle: a name or a path; empty: none is named.

    Raises:
        FileNotFoundError: there is no such contract.
        ValueError: the robot is unknown or not simulated, or has no policy.
    """
    path = simulated_contract(robot)
    robot_of(Contract.load(path))
    return policy or paths.default_policy(path)
