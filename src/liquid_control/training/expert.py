"""PPO expert for Walker2d through Stable-Baselines3, read from top to bottom.

The expert sees all 17 observations of Walker2d-v5. It is the teacher that the recurrent
students, which see positions alone, are trained to imitate.
"""

from dataclasses import dataclass
from pathlib import Path

import gymnasium
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from liquid_control.sim import walker2d
from liquid_control.sim.batch import BatchWalkers, episode_returns


@dataclass
class ExpertSettings:
    """Settings of one PPO training."""

    seed: int = 0
    """Seed of starts, initial weights and exploration."""
    total_steps: int = 5_000_000
    """Environment steps in all."""
    environments: int = 64
    """Walkers stepped together."""
    rollout_steps: int = 32
    """Steps of each walker between updates."""
    minibatch: int = 128
    """Samples a gradient step."""
    epochs: int = 10
    """Passes over each rollout."""
    learning_rate: float = 3e-4
    """Adam step at the start; falls to zero on a line."""
    log_std: float = -0.5
    """Logarithm of the exploration noise at the start."""
    checkpoints: int = 10
    """Candidates kept over the last half of training, from which the best is chosen."""
    episodes: int = 20
    """Fresh episodes by which a candidate is judged."""


class WalkerVecEnv(VecEnv):
    """Stable-Baselines3's view of :class:`BatchWalkers`: observation (17,), action (6,)."""

    def __init__(self, count: int, seed: int):
        self._walkers = BatchWalkers(count, seed)
        self._action = np.zeros((count, len(walker2d.ACTUATED)))
        observation = gymnasium.spaces.Box(-np.inf, np.inf, (17,), np.float32)
        action = gymnasium.spaces.Box(-1.0, 1.0, (len(walker2d.ACTUATED),), np.float32)
        super().__init__(count, observation, action)

    def _observe(self) -> np.ndarray:
        return self._walkers.sensed().astype(np.float32)

    def reset(self):
        for index in range(self.num_envs):
            self._walkers.reset(index)
        return self._observe()

    def step_async(self, actions):
        self._action = actions

    def step_wait(self):
        reward, terminated = self._walkers.step(self._action)
        done = terminated | (self._walkers.steps >= walker2d.EPISODE_STEPS)
        infos: list[dict] = [{} for _ in range(self.num_envs)]
        observation = self._observe()
        if done.any():
            for index in np.flatnonzero(done):
                infos[index]['terminal_observation'] = observation[index]
                infos[index]['TimeLimit.truncated'] = not terminated[index]
                self._walkers.reset(index)
            observation = self._observe()
        return observation, reward.astype(np.float32), done, infos

    def close(self):
        self._walkers.close()

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise AttributeError(f'{attr_name}: the walkers have no attributes of their own to set')

    def env_method(self, method_name, *args, indices=None, **kwargs):
        raise AttributeError(f'{method_name}: the walkers have no methods of their own')

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


class ExpertNet(torch.nn.Module):
    """The deterministic expert, its observation normaliser inside: (B, 17) → (B, 6) in [−1, 1]."""

    def __init__(self, model: PPO, normalizer: VecNormalize):
        super().__init__()
        rms = normalizer.obs_rms
        self.register_buffer('mean', torch.as_tensor(rms.mean, dtype=torch.float32))
        std = np.sqrt(rms.var + normalizer.epsilon)
        self.register_buffer('std', torch.as_tensor(std, dtype=torch.float32))
        self.clip = float(normalizer.clip_obs)
        self.hidden = model.policy.mlp_extractor.policy_net
        self.head = model.policy.action_net

    def act(self, observation: torch.Tensor) -> torch.Tensor:
        x = ((observation - self.mean) / self.std).clamp(-self.clip, self.clip)
        return self.head(self.hidden(x)).clamp(-1.0, 1.0)

    def forward(self, observation, elapsed, state):
        """The step of a bundle. The expert remembers and predicts nothing: its state (B, 1)
        passes through, its prediction is that nothing changes."""
        return self.act(observation), observation + 0.0 * elapsed, state + 0.0


def expert_returns(net: 'ExpertNet', episodes: int, seed: int, action_noise: float = 0.0):
    """Returns (episodes,) of the expert alone, its actions disturbed or not."""
    rng = np.random.default_rng(seed)

    def act(walkers: BatchWalkers) -> np.ndarray:
        with torch.no_grad():
            action = net.act(torch.as_tensor(walkers.sensed(), dtype=torch.float32)).numpy()
        return np.clip(action + action_noise * rng.standard_normal(action.shape), -1.0, 1.0)

    return episode_returns(act, episodes, seed)


class _Candidates(BaseCallback):
    """Judges the policy at even intervals over the last half of training; keeps the best."""

    def __init__(self, settings: ExpertSettings, folder: Path, report):
        super().__init__()
        half = settings.total_steps // 2
        self._due = list(
            np.linspace(half, settings.total_steps, settings.checkpoints, dtype=int) * 0.999
        )
        self._settings, self._folder, self._report = settings, folder, report
        self.best: tuple[float, dict] | None = None
        self._said = ''

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        done = self.num_timesteps / self._settings.total_steps
        if self._due and self.num_timesteps >= self._due[0]:
            self._due.pop(0)
            self._judge()
        self._report(done, f'{self.num_timesteps:,} steps{self._said}')

    def _judge(self) -> None:
        net = ExpertNet(self.model, self.training_env).eval()
        clean = expert_returns(net, self._settings.episodes, seed=10_000)
        noisy = expert_returns(net, self._settings.episodes, seed=20_000, action_noise=0.1)
        scores = {
            'steps': int(self.num_timesteps),
            'return_mean': float(clean.mean()),
            'return_min': float(clean.min()),
            'return_action_noise_0.1': float(noisy.mean()),
            'episodes': self._settings.episodes,
        }
        self._said = (
            f', return {clean.mean():.0f}, worst {clean.min():.0f}, '
            f'with noisy actions {noisy.mean():.0f}'
        )
        # A teacher must steer back from disturbed states: noisy return counts as much as clean.
        score = float(noisy.mean() + 0.5 * (clean.mean() + clean.min()))
        if self.best is None or score > self.best[0]:
            self.best = (score, scores)
            save_file(net.state_dict(), self._folder / 'best.safetensors')


def train_expert(settings: ExpertSettings, folder: Path, report) -> tuple[ExpertNet, dict]:
    """Train the expert; ``report(fraction, text)`` hears of progress.

    Returns the chosen network and its scores. Checkpoints go to ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = VecNormalize(WalkerVecEnv(settings.environments, settings.seed), gamma=0.99)
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
    model.learn(settings.total_steps, callback=candidates)
    net = ExpertNet(model, environment)
    net.load_state_dict(load_file(folder / 'best.safetensors'))
    environment.close()
    return net.eval(), candidates.best[1]
