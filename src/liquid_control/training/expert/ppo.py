"""PPO expert through Stable-Baselines3, to be read from top to bottom.

The expert sees what Gymnasium's environment observes: positions and velocities of all joints, 17
values for Walker2d. It is the teacher that the recurrent students, which see only positions, are
trained to imitate.
"""

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from liquid_control.evaluation.suite import TEACHER
from liquid_control.faults import CommandFaults, SharedRandom, parse
from liquid_control.provenance import continued
from liquid_control.sim import SimulatedRobot, simulated_robot
from liquid_control.sim.batch import WorldBatch, episode_returns
from liquid_control.sim.reader import StateReader
from liquid_control.training import checkpoint
from liquid_control.training.expert import state as expert_state
from liquid_control.training.expert.vec_env import Limits, WorldVecEnv
from liquid_control.training.finite import NotFiniteError, check_parameters
from liquid_control.training.journal import Journal

_, NOISY, LATE = TEACHER.faults
"""The faults under which a teacher is judged; the last only if it is robust."""
CHOICES = ('walker', 'teacher')
"""The criteria by which networks are chosen, see :class:`_Candidates`."""


@dataclass(frozen=True)
class ExpertSettings:
    """Settings of one PPO training."""

    environment: str = 'walker2d'
    """Name of the simulated robot."""
    seed: int = 0
    """Seed of starts, initial weights and exploration."""
    total_steps: int = 4_500_000
    """Environment steps in total."""
    environments: int = 64
    """Worlds stepped in parallel."""
    rollout_steps: int = 32
    """Steps of each world between updates."""
    minibatch: int = 128
    """Samples per gradient step."""
    epochs: int = 10
    """Passes over each rollout."""
    learning_rate: float = 3e-4
    """Initial step size of Adam; decays linearly to zero."""
    log_std: float = -0.5
    """Initial log standard deviation of the exploration noise."""
    checkpoints: int = 10
    """Candidates judged over the last half of training, from which the best is chosen."""
    episodes: int = 20
    """Fresh episodes by which a candidate is judged."""
    checkpoint_steps: int = 100_000
    """Environment steps between checkpoints, from which a stopped training can resume."""
    robust: bool = False
    """Whether to train under :class:`Disturbances`."""


class ExpertNet(torch.nn.Module):
    """The deterministic expert, including its normaliser: (B, n) → (B, m) inside the limits."""

    middle: torch.Tensor
    reach: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, model: PPO, normalizer: VecNormalize, limits: Limits):
        super().__init__()
        middle, reach = (torch.as_tensor(x).float() for x in (limits.middle, limits.half))
        self.register_buffer('middle', middle, persistent=False)
        self.register_buffer('reach', reach, persistent=False)
        rms = normalizer.obs_rms
        self.register_buffer('mean', torch.as_tensor(rms.mean, dtype=torch.float32))
        std = np.sqrt(rms.var + normalizer.epsilon)
        self.register_buffer('std', torch.as_tensor(std, dtype=torch.float32))
        self.clip = float(normalizer.clip_obs)
        self.hidden = model.policy.mlp_extractor.policy_net
        self.head = model.policy.action_net

    def act(self, observation: torch.Tensor) -> torch.Tensor:
        x = ((observation - self.mean) / self.std).clamp(-self.clip, self.clip)
        return self.middle + self.reach * self.head(self.hidden(x)).clamp(-1.0, 1.0)

    def forward(self, observation, elapsed, state):
        """One step of a bundle. The expert has no memory and predicts nothing: its state (B, 1)
        passes through, and its prediction is that nothing changes."""
        return self.act(observation), observation + 0.0 * elapsed, state + 0.0


def expert_returns(
    net: ExpertNet,
    robot: SimulatedRobot,
    episodes: int,
    seed: int,
    fault: str = 'none',
) -> np.ndarray:
    """Returns (episodes,) of the expert under command faults."""
    contract = robot.contract().asking(*robot.teacher_terms)
    read, random = StateReader(robot.load_model(), contract), np.random.default_rng(seed)
    faults = parse(fault)
    has = np.ones((episodes, len(faults)), dtype=bool)
    commands = CommandFaults(faults, has, contract.action)

    def act(worlds: WorldBatch) -> np.ndarray:
        sensed = read(worlds.qpos, worlds.qvel)
        with torch.no_grad():
            action = net.act(torch.as_tensor(sensed, dtype=torch.float32)).numpy()
        return commands.act(action, SharedRandom(random))

    return episode_returns(act, episodes, seed, robot)


class _Candidates(BaseCallback):
    """Judges the policy at even intervals over the last half of training and keeps the best.

    The best ``walker`` has the largest sum of mean and minimum return, without disturbance. The
    best ``teacher`` has the largest mean return with noise of 0.1 on its actions: a student makes
    mistakes, and its teacher must know how to recover from them. If robust, this return and the
    one with commands one period late count equally.
    """

    def __init__(self, settings: ExpertSettings, folder: Path, report):
        super().__init__()
        total, half = settings.total_steps, settings.total_steps // 2
        self._all = [int(0.999 * x) for x in np.linspace(half, total, settings.checkpoints)]
        self._settings, self._folder, self._report = settings, folder, report
        self._robot = simulated_robot(settings.environment)
        self.journal, self._said = Journal(None), ''
        self.due = len(self._all)
        self.best: dict[str, dict] = {}
        self.weights: dict[str, dict[str, torch.Tensor]] = {}
        self.history = continued([], 0)
        self.saved = 0
        self._rewards: list[float] = []

    def _on_step(self) -> bool:
        self._rewards.append(float(self.training_env.get_original_reward().mean()))
        return True

    def _on_rollout_start(self) -> None:
        self._log_round()
        if self.num_timesteps - self.saved >= self._settings.checkpoint_steps:
            self.save()

    def _on_rollout_end(self) -> None:
        steps, total = int(self.num_timesteps), self._settings.total_steps
        if self.due and steps >= self._all[-self.due]:
            self.due -= 1
            self._judge(steps)
        self._report(min(1.0, steps / total), f'{steps:,} steps{self._said}')

    def _on_training_end(self) -> None:
        self._log_round()

    def _log_round(self) -> None:
        """Log the last rollout and its update, if there was one since the training went on."""
        self.check()
        if self._rewards:
            losses = {k: v for k, v in self.logger.name_to_value.items() if k.startswith('train/')}
            found = {'reward': float(np.mean(self._rewards)), **losses}
            self.journal.add(int(self.num_timesteps), found)
            self._rewards.clear()

    def check(self) -> None:
        """Raise NotFiniteError if a parameter of the policy, or its exploration, is not finite."""
        place = f'expert, {int(self.num_timesteps):,} steps'
        check_parameters(self.model.policy, place)
        std = self.model.policy.log_std.detach().exp()
        if not (torch.isfinite(std) & (std > 0.0)).all():
            raise NotFiniteError(f'{place}: parameter log_std gives {std.tolist()}')

    def save(self) -> None:
        """Write a checkpoint from which the training can resume."""
        self.saved = int(self.num_timesteps)
        tensors, about = expert_state.snapshot(self.model)
        for choice, weights in self.weights.items():
            tensors |= checkpoint.named(choice, weights)
        about |= {
            'origin': asdict(self._settings),
            'history': self.history,
            'due': self.due,
            'best': self.best,
        }
        checkpoint.write(self._folder / 'checkpoint.safetensors', tensors, about)

    def restore(self, model: PPO) -> int:
        """Resume from the checkpoint; returns the steps done, 0 if there is none."""
        path = self._folder / 'checkpoint.safetensors'
        found = checkpoint.read_of(path, asdict(self._settings))
        if found is None:
            return 0
        tensors, about = found
        with checkpoint.restoring(path):
            expert_state.restore(model, tensors, about)
            self.due, self.best = about['due'], about['best']
            self.weights = {choice: checkpoint.under(choice, tensors) for choice in self.best}
            self.history = about['history']
            if model.num_timesteps < self._settings.total_steps:
                self.history = continued(self.history, model.num_timesteps)
        self.saved = model.num_timesteps
        return model.num_timesteps

    def _judge(self, steps: int) -> None:
        settings, limits = self._settings, Limits(self._robot.contract())
        net = ExpertNet(self.model, self.training_env, limits).eval()
        clean = expert_returns(net, self._robot, settings.episodes, 10_000)
        noisy = expert_returns(net, self._robot, settings.episodes, 20_000, NOISY)
        scores = {
            'steps': steps,
            'return_mean': float(clean.mean()),
            'return_min': float(clean.min()),
            'return_action_noise_0.1': float(noisy.mean()),
            'episodes': settings.episodes,
        }
        teaching = [noisy.mean()]
        if settings.robust:
            late = expert_returns(net, self._robot, settings.episodes, 30_000, LATE)
            scores['return_late_1'] = float(late.mean())
            teaching.append(late.mean())
        self._said = (
            f', return {clean.mean():.0f}, worst {clean.min():.0f}, '
            f'with noisy actions {noisy.mean():.0f}'
        )
        names = [name for name in scores if name.startswith('return')]
        self.journal.add(steps, {name: scores[name] for name in names})
        merits = float(clean.mean() + clean.min()), float(np.mean(teaching))
        for choice, merit in zip(CHOICES, merits, strict=True):
            if choice not in self.best or merit > self.best[choice]['merit']:
                self.weights[choice] = copy.deepcopy(net.state_dict())
                self.best[choice] = {'merit': merit, **scores}


def train_expert(
    settings: ExpertSettings, folder: Path, report, log: Path | None = None
) -> tuple[dict[str, tuple[ExpertNet, dict]], list[dict[str, Any]]]:
    """Train an expert, or resume the same training where it was stopped.

    Args:
        settings: settings of the training.
        folder: folder for checkpoints.
        report: called as ``report(fraction, text)`` with progress.
        log: folder for the log of losses and returns.

    Returns:
        ``walker`` and ``teacher``, each a network and its scores (they may be the same network),
        and where they were trained, see :func:`provenance.continued`.

    Raises:
        ValueError: unknown robot, or the folder holds another training's checkpoint.
        NotFiniteError: a parameter is no longer finite; the message names it and the steps done.
        OSError: a checkpoint cannot be written; the last one is intact.
    """
    folder.mkdir(parents=True, exist_ok=True)
    robot = simulated_robot(settings.environment)
    environment = VecNormalize(
        WorldVecEnv(robot, settings.environments, settings.seed, settings.robust), gamma=0.99
    )
    model = PPO(
        'MlpPolicy',
        environment,
        learning_rate=lambda remaining: settings.learning_rate * remaining,
        n_steps=settings.rollout_steps,
        batch_size=settings.minibatch,
        n_epochs=settings.epochs,
        vf_coef=0.25,
        policy_kwargs={'log_std_init': settings.log_std},
        seed=settings.seed,
        device='cpu',
    )
    candidates = _Candidates(settings, folder, report)
    done = candidates.restore(model)
    if done < settings.total_steps:
        with Journal(log, done, asdict(settings)) as candidates.journal:
            _learn(model, settings.total_steps - done, candidates)
    chosen = {}
    for choice in CHOICES:
        net = copy.deepcopy(ExpertNet(model, environment, Limits(robot.contract())))
        with checkpoint.restoring(folder / 'checkpoint.safetensors'):
            net.load_state_dict(candidates.weights[choice])
        scores = {name: v for name, v in candidates.best[choice].items() if name != 'merit'}
        chosen[choice] = net.eval(), scores
    environment.close()
    return chosen, candidates.history


def _learn(model: PPO, steps: int, candidates: _Candidates) -> None:
    try:
        model.learn(steps, callback=candidates, reset_num_timesteps=model.num_timesteps == 0)
    except ValueError:
        candidates.check()  # torch does not say which parameter is to blame
        raise
    candidates.save()
