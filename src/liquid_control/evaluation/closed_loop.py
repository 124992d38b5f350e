"""What bundles reach in closed loop: episodes of a simulated robot under each fault of a suite.

It needs MuJoCo and ONNX Runtime, but neither torch nor SciPy.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.episodes import Episode, run_episodes
from liquid_control.evaluation.prediction_error import mean_errors, ratio
from liquid_control.evaluation.statistics import interval, mean
from liquid_control.evaluation.suite import SCORES, VERSION, Suite
from liquid_control.faults import parse

EPISODES, SEED = 50, 500_000
"""Episodes per fault, and the seed of the first; no choice is made by these episodes, except that
of the best of several seeds."""


@dataclass(frozen=True)
class Results:
    """What a policy reached in E episodes under one fault.

    Attributes:
        fault: the fault, as text.
        seed: seed of the first episode; each later one adds 1.
        returns: sum of the rewards of each episode, (E,).
        steps: control periods that each lasted, (E,).
        fallen: whether each ended with a fall, (E,).
        prediction_ratio: mean squared error of its predictions as a share of that of persistence;
            None if none could be compared.
        stopped: whether the policy was stopped in each, as its output or state was not finite or
            its step failed, (E,); such an episode has failed, whatever its return.
        errors: mean squared error of the predictions in each, in units of each channel's
            variance, (E,); None where none could be compared.
        persistence: the same of predicting no change, (E,).
    """

    fault: str
    seed: int
    returns: tuple[float, ...]
    steps: tuple[int, ...]
    fallen: tuple[bool, ...]
    prediction_ratio: float | None
    stopped: tuple[bool, ...]
    errors: tuple[float | None, ...]
    persistence: tuple[float | None, ...]

    @classmethod
    def of(
        cls, fault: str, seed: int, contract: Contract, episodes: Sequence[Episode]
    ) -> 'Results':
        """Collect E episodes.

        Args:
            fault: the fault, as text.
            seed: seed of the first episode.
            contract: what the policy asks of the robot.
            episodes: the episodes.
        """
        traces = [episode.trace for episode in episodes]
        errors = [mean_errors(contract, [trace]) for trace in traces]
        return cls(
            fault,
            seed,
            tuple(episode.total for episode in episodes),
            tuple(episode.steps for episode in episodes),
            tuple(episode.terminated for episode in episodes),
            ratio(*mean_errors(contract, traces)),
            tuple(episode.stopped is not None for episode in episodes),
            tuple(model for model, _ in errors),
            tuple(persistence for _, persistence in errors),
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return asdict(self)

    def score(self, reference: float | None = None) -> dict[str, Any]:
        """Summarise them, with 95 % bootstrap intervals of the means over episodes.

        Args:
            reference: a return, such as the teacher's without faults, of which the mean is also
                given in percent.
        """
        returns = np.array(self.returns)
        usual, low, high = interval(returns, statistic=mean)
        ratio = self.prediction_ratio
        summary = {
            'return_mean': round(usual, 1),
            'return_min': round(float(returns.min()), 1),
            'falls': sum(self.fallen),
            'prediction_ratio': None if ratio is None else round(ratio, 4),
            'episodes': len(returns),
            'seed': self.seed,
            'suite': VERSION,
        }
        if len(returns) > 1:
            summary |= {
                'return_low': round(low, 1),
                'return_high': round(high, 1),
                'return_std': round(float(returns.std(ddof=1)), 1),
            }
        return summary | (_percent(summary, reference) if reference else {})


def measure(
    policy: Bundle | Path,
    robot: Contract,
    fault: str = 'none',
    episodes: int = EPISODES,
    seed: int = SEED,
) -> Results:
    """Run a policy on its simulated robot under one fault, over fresh episodes.

    Args:
        policy: a bundle, or its path.
        robot: the robot's contract.
        fault: the fault, see :func:`liquid_control.faults.parse`.
        episodes: number of episodes.
        seed: seed of the first episode, and of the fault.

    Raises:
        ContractError: the policy does not fit the robot.
        FaultError: there is no such fault.
        ValueError: the robot is not simulated.
    """
    runner = PolicyRunner(policy)
    done = run_episodes(Controller(runner, robot), robot, parse(fault), episodes, seed)
    return Results.of(fault, seed, runner.contract, done)


def score(
    policy: Bundle | Path,
    robot: Contract,
    suite: Suite | Sequence[str] = SCORES,
    episodes: int = EPISODES,
    seed: int = SEED,
    *,
    reference: float | None = None,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> dict[str, dict[str, Any]]:
    """Score a policy under every fault of a suite; returns fault → :meth:`Results.score`.

    Args:
        policy: a bundle, or its path.
        robot: the robot's contract.
        suite: a suite, or faults as text.
        episodes: episodes per fault.
        seed: seed of the first episode; each later one adds 1.
        reference: return of the teacher, see :func:`teacher_return`.
        report: called as ``report(share, fault)`` before each fault and at the end.

    Raises:
        ContractError, FaultError, ValueError: as :func:`measure`.
    """
    faults = suite.faults if isinstance(suite, Suite) else suite
    scores = {}
    for number, fault in enumerate(faults):
        report(number / len(faults), fault)
        scores[fault] = measure(policy, robot, fault, episodes, seed).score(reference)
    report(1.0, '')
    return scores


def teacher_return(
    teacher: Bundle | Path, robot: Contract, episodes: int = EPISODES, seed: int = SEED
) -> float:
    """Mean return of a teacher without faults, over the episodes on which students are scored."""
    return float(np.mean(measure(teacher, robot, 'none', episodes, seed).returns))


def _percent(score: dict[str, Any], reference: float) -> dict[str, float]:
    """The mean return and its interval in percent of a reference, with that."""
    summary = {'teacher_return': round(reference, 1)}
    for bound in ('mean', 'low', 'high'):
        if f'return_{bound}' in score:
            name = 'percent' if bound == 'mean' else f'percent_{bound}'
            summary[name] = round(100.0 * score[f'return_{bound}'] / reference, 1)
    return summary
