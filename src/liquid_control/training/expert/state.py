"""The state of a PPO training between two rollouts: everything that its next step depends on."""

from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from liquid_control.training import checkpoint
from liquid_control.training.expert.disturbances import Disturbances


def snapshot(model: PPO) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The state as tensors and plain JSON."""
    state: Any = np.random.get_state()
    kind, keys, *rest = state  # SB3 shuffles with NumPy's global generator
    arrays = {name: torch.as_tensor(np.array(array)) for name, array in _arrays(model).items()}
    scales = {
        f'{place}.{name}': torch.as_tensor(np.array(getattr(rms, name)))
        for place, rms in enumerate(_scales(model))
        for name in ('mean', 'var', 'count')
    }
    tensors = (
        checkpoint.named('policy', model.policy.state_dict())
        | checkpoint.named('optimizer', checkpoint.moments(model.policy.optimizer))
        | checkpoint.named('array', arrays)
        | checkpoint.named('scale', scales)
        | {'torch': torch.get_rng_state(), 'numpy': torch.from_numpy(keys.astype(np.int64))}
    )
    about = {
        'steps': int(model.num_timesteps),
        'updates': int(model._n_updates),
        'numpy': [kind, *rest],
    }
    if disturbances := _disturbances(model):
        about['disturbances'] = disturbances.rng.bit_generator.state
    return tensors, about


def restore(model: PPO, tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
    """Restore a :func:`snapshot`; afterwards call ``learn`` without resetting the steps."""
    model.policy.load_state_dict(checkpoint.under('policy', tensors))
    checkpoint.load_moments(model.policy.optimizer, checkpoint.under('optimizer', tensors))
    model._last_obs = np.zeros((model.n_envs, *model.observation_space.shape), np.float32)
    model._last_episode_starts = np.zeros(model.n_envs, dtype=bool)
    for name, array in _arrays(model).items():
        array[...] = tensors[f'array.{name}'].numpy()
    for place, rms in enumerate(_scales(model)):
        for name in ('mean', 'var', 'count'):
            setattr(rms, name, tensors[f'scale.{place}.{name}'].numpy()[()])
    model.num_timesteps, model._n_updates = about['steps'], about['updates']
    kind, *rest = about['numpy']
    np.random.set_state((kind, tensors['numpy'].numpy().astype(np.uint32), *rest))
    torch.set_rng_state(tensors['torch'])
    if disturbances := _disturbances(model):
        disturbances.rng.bit_generator.state = about['disturbances']


def _disturbances(model: PPO) -> Disturbances | None:
    return model.get_vec_normalize_env().venv.disturbances


def _scales(model: PPO) -> tuple:
    scaler = model.get_vec_normalize_env()
    return scaler.obs_rms, scaler.ret_rms


def _arrays(model: PPO) -> dict[str, np.ndarray]:
    """The state held in NumPy arrays, to be read or written in place."""
    scaler: VecNormalize = model.get_vec_normalize_env()
    worlds, disturbances = scaler.venv.worlds, _disturbances(model)
    return {
        'physics': worlds.state,
        'steps': worlds.steps,
        'episodes': worlds.episodes,
        'returns': scaler.returns,
        'last_observation': model._last_obs,
        'episode_starts': model._last_episode_starts,
        **(disturbances.arrays if disturbances else {}),
    }
