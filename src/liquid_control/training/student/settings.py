"""Settings of the training of a student."""

import math
from dataclasses import dataclass, field
from enum import IntEnum

from liquid_control.training.optimizers import RATES, check_name, default_name
from liquid_control.training.student.conditions import Conditions


class Stream(IntEnum):
    """Generators of random numbers of one training, as offsets from its seed."""

    BATCHES = 0
    SCALES = 1
    WORLDS = 2
    TUNING_BATCHES = 3
    TUNING_WORLDS = 4
    TUNING_WEIGHTS = 5
    READOUT = 6


@dataclass(frozen=True)
class FineTuningSettings:
    """Settings of fine-tuning after imitation; the same for every cell."""

    rounds: int = 800
    """Rollouts, each followed by its updates; 0 for no fine-tuning."""
    warm_up: int = 30
    """Initial rounds in which only the value function learns."""
    walkers: int = 128
    """Worlds simulated together."""
    steps: int = 64
    """Steps of a rollout, and length of backpropagation."""
    epochs: int = 3
    """Passes over each rollout."""
    batches: int = 8
    """Gradient steps per pass."""
    learning_rate: float = 3e-4
    """Largest step size of Adam; warms up over the first rounds, decays linearly over all rounds,
    and is reduced while rounds exceed ``most_change``."""
    spread: float = 0.12
    """Initial standard deviation of the actions; learned."""
    discount: float = 0.997
    """γ, large enough that a fall costs about as much as the return that the episode loses."""
    trace: float = 0.95
    """λ of generalised advantage estimation."""
    clip: float = 0.2
    """Clipping range of PPO's likelihood ratio around 1."""
    most_change: float = 0.02
    """KL divergence from the rollout's policy beyond which its updates stop."""
    beyond_weight: float = 0.05
    """Weight of the squared distance of actions beyond their limits."""
    prediction_weight: float = 0.5
    """Weight of the next-observation loss."""
    average: float = 0.998
    """Decay of the averaged weights per gradient step."""
    judge_every: int = 100
    """Rounds between evaluations, of which the best is kept."""
    checkpoint_every: int = 50
    """Rounds between checkpoints."""

    def __post_init__(self):
        for name in ('walkers', 'steps', 'epochs', 'batches', 'judge_every', 'checkpoint_every'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name}: expected 1 or more, found {getattr(self, name)}')
        if self.warm_up < 0:
            raise ValueError(f'warm_up: expected 0 or more, found {self.warm_up}')
        if self.rounds != 0 and self.rounds <= self.warm_up:
            raise ValueError(
                f'rounds of fine-tuning: expected 0, or more than the {self.warm_up} in which the '
                f'value function learns alone, found {self.rounds}'
            )
        for name in ('learning_rate', 'spread', 'clip', 'most_change'):
            if not getattr(self, name) > 0.0:
                raise ValueError(f'{name}: expected more than 0, found {getattr(self, name)}')
        for name in ('discount', 'trace', 'average'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name}: expected 0 to 1, found {getattr(self, name)}')
        for name in ('beyond_weight', 'prediction_weight'):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f'{name}: expected 0 or more, found {getattr(self, name)}')


@dataclass(frozen=True)
class StudentSettings:
    """Settings of one training; all but the cell are the same for every cell."""

    cell: str
    """Name of the recurrent cell."""
    seed: int = 0
    """Seed of starts, noise, initial weights and batches."""
    rounds: int = 450
    """Chunks collected, each followed by a round of updates."""
    walkers: int = 64
    """Worlds simulated together."""
    steps: int = 64
    """Steps of a chunk, and length of backpropagation."""
    updates: int = 16
    """Gradient steps per round, the first on the newest chunk alone."""
    batch: int = 64
    """Worlds per gradient step, from two chunks."""
    burn_in: int = 20
    """Leading samples of an old chunk that are not learned from, because its state is stale."""
    memory: int = 250
    """Chunks kept."""
    optimizer: str = field(default_factory=default_name)
    """``adam`` or ``muon``."""
    learning_rate: float | None = None
    """Peak step size; decays on a cosine to a fiftieth. None: the default of the optimiser."""
    prediction_weight: float = 0.05
    """Weight of the next-observation loss relative to the action loss."""
    average: float = 0.995
    """Decay of the averaged weights, which are the ones kept."""
    taught: float = 0.15
    """Share of the rounds over which the teacher hands over to the student."""
    judge_every: int = 50
    """Rounds between evaluations in the second half, of which the best is kept."""
    episodes: int = 20
    """Fresh episodes per evaluation under each condition."""
    checkpoint_every: int = 25
    """Rounds between checkpoints."""
    conditions: Conditions = field(default_factory=Conditions)
    """Conditions under which the student is trained."""
    fine_tuning: FineTuningSettings = field(default_factory=FineTuningSettings)
    """Settings of the reinforcement learning that follows imitation."""
    readout: int = 1024
    """Steps of 64 worlds, rounded up to a multiple of 64, from which the prediction readout is
    finally solved by least squares; 0 keeps the learned readout."""

    def __post_init__(self):
        for name in ('rounds', 'walkers', 'steps', 'updates', 'batch', 'memory', 'judge_every',
                     'episodes', 'checkpoint_every'):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f'{name}: expected 1 or more, found {getattr(self, name)}')
        for name in ('seed', 'burn_in', 'readout', 'prediction_weight'):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f'{name}: expected 0 or more, found {getattr(self, name)}')
        if self.burn_in >= self.steps:
            raise ValueError(
                f'burn_in: expected fewer than the {self.steps} steps of a chunk, '
                f'found {self.burn_in}'
            )
        if not 0.0 < self.taught <= 1.0:
            raise ValueError(f'taught: expected more than 0, up to 1, found {self.taught}')
        if not 0.0 <= self.average <= 1.0:
            raise ValueError(f'average: expected 0 to 1, found {self.average}')
        check_name(self.optimizer)
        if self.learning_rate is None:
            object.__setattr__(self, 'learning_rate', RATES[self.optimizer])
        if not 0.0 < self.rate < 1.0:
            raise ValueError(f'learning_rate: expected a number between 0 and 1, found {self.rate}')

    @property
    def rate(self) -> float:
        """Peak step size: the default of the optimiser if none was given."""
        return RATES[self.optimizer] if self.learning_rate is None else self.learning_rate

    @property
    def title(self) -> str:
        """Cell and seed, for error messages."""
        return f'{self.cell}, seed {self.seed}'

    def seed_of(self, stream: Stream) -> int:
        """Seed of one of the training's generators."""
        return self.seed + stream
