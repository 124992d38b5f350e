"""Simulated rollouts that resemble the training rollouts of Walker2d kinematics.

The published rollouts contain no actions. Here the actions are recovered by inverse dynamics in
Gymnasium's walker (old model file, feet of unequal friction), a policy is fitted to them, and the
policy walks in the simulator. The target of each frame is the result of the policy's action without
noise, so that a predictor can learn the mean. About one action in twenty of the published rollouts
is uniformly random; so it is here.
"""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import mujoco
import numpy as np
import torch
from mujoco import rollout

from liquid_control.files import write_whole
from liquid_control.sim import walker2d
from liquid_control.sim.environment import WALKER2D, asset

_LIMIT = WALKER2D.velocity_clip
_ACTIONS = len(walker2d.ACTUATED)
_WIDTH = 192
"""Units of each layer of the policy that is fitted."""
_WEIGHT = np.r_[np.full(8, 300.0), np.ones(9)]
"""Weights of positions and velocities in the error of a simulated frame."""
_JOINTS = np.arange(3, 9)
"""Velocities that are often clipped; if so, they are solved for together with the action."""
_PRIOR = np.r_[np.full(_ACTIONS, 1e-3), np.full(len(_JOINTS), 4.0)]
"""Stiffness of the priors: actions near 0, clipped velocities near their estimate."""
WALKED, RANDOM, NOISE = 60, 0.05, 0.06
"""Training rollouts whose actions are recovered; share of random actions; noise of the others."""
WALKERS, FROM_START, SHORTEST = 100, 0.15, 80
"""Walkers simulated in parallel; share of walks that begin at a reset, the others at a training
frame; minimum frames of a walk that is kept."""


class Simulator:
    """Walker2d with the frames of the data set, (N, 17), but unclipped velocities."""

    def __init__(self):
        path = asset('walker2d.xml')
        self.model = mujoco.MjModel.from_xml_path(str(path))
        self._data = [mujoco.MjData(self.model)]

    def step(self, frames: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Simulate one period: frames (N, 17) and actions (N, 6) → frames (N, 17)."""
        state = np.concatenate([np.zeros((len(frames), 2)), frames], axis=1)  # time, rootx
        control = np.repeat(actions[:, None], WALKER2D.frame_skip, axis=1)
        after, _ = rollout.rollout(
            self.model, self._data, state, control, nstep=WALKER2D.frame_skip
        )
        return after[:, -1, 2:]


def observed(frames: np.ndarray) -> np.ndarray:
    """Frames as in the data set, with clipped velocities."""
    return np.concatenate([frames[..., :8], frames[..., 8:].clip(-_LIMIT, _LIMIT)], axis=-1)


def find_actions(
    simulator: Simulator, frames: np.ndarray, seen: np.ndarray, after: np.ndarray, guess: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the actions that lead from each frame to the next.

    Bounded Levenberg-Marquardt over the actions and the clipped velocities.

    Args:
        simulator: simulator of the walker.
        frames: estimate of the present frames with unclipped velocities, (N, 17).
        seen: whether each velocity is exact, (N, 9).
        after: the next frames as observed, (N, 17).
        guess: initial guess of the actions, (N, 6).

    Returns:
        Actions (N, 6), the present frames as found, and the simulated next frames (N, 17).
    """
    prior = np.where(np.c_[np.zeros((len(frames), _ACTIONS), bool), seen[:, _JOINTS]], 1e12, _PRIOR)

    def parts(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        now, joints = frames.copy(), frames[:, 8 + _JOINTS]
        beyond = np.sign(joints) * np.maximum(np.abs(joints + z[:, _ACTIONS:]), _LIMIT)
        now[:, 8 + _JOINTS] = np.where(seen[:, _JOINTS], joints, beyond)
        return now, simulator.step(now, z[:, :_ACTIONS].clip(-1.0, 1.0))

    def errors(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = (observed(parts(z)[1]) - after) * _WEIGHT
        return found, (found**2).sum(1) + (np.minimum(prior, 1e3) * z**2)[:, _ACTIONS:].sum(1)

    z = np.c_[guess, np.zeros((len(frames), len(_JOINTS)))]
    damping = np.full(len(frames), 1e-3)
    error, cost = errors(z)
    for _ in range(5):
        jacobian = np.empty((len(frames), 17, z.shape[1]))
        for place in range(z.shape[1]):
            small = 1e-4 if place < _ACTIONS else 1e-3
            small = np.where(z[:, place] > 0.5, -small, small)
            moved = z.copy()
            moved[:, place] += small
            jacobian[:, :, place] = (errors(moved)[0] - error) / small[:, None]
        normal = jacobian.transpose(0, 2, 1) @ jacobian
        slope = (jacobian * error[:, :, None]).sum(1) + prior * z * (np.arange(12) >= _ACTIONS)
        held = np.abs(z) >= 1.0
        held &= (z * slope < 0) & (np.arange(12) < _ACTIONS)
        diagonal = prior + damping[:, None] * (1.0 + normal.diagonal(axis1=1, axis2=2))
        normal += np.eye(12) * (diagonal + 1e12 * held)[:, None]
        moved = z - np.linalg.solve(normal, (slope * ~held)[:, :, None])[:, :, 0]
        moved[:, :_ACTIONS] = moved[:, :_ACTIONS].clip(-1.0, 1.0)
        new_error, new_cost = errors(moved)
        better = new_cost < cost
        z, error = (np.where(better[:, None], *pair) for pair in ((moved, z), (new_error, error)))
        cost = np.where(better, new_cost, cost)
        damping = np.where(better, 0.1 * damping, 30.0 * damping)
    return z[:, :_ACTIONS], *parts(z)


def find_all(
    simulator: Simulator, rollouts: list[np.ndarray], report: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All frames with unclipped velocities (N, 17), their actions (N, 6), and the root mean
    squared error of the frames to which these lead (N,)."""
    rollouts = sorted((x.astype(np.float64) for x in rollouts), key=len, reverse=True)
    now, guess = np.stack([x[0] for x in rollouts]), np.zeros((len(rollouts), _ACTIONS))
    found = []
    for step in range(len(rollouts[0]) - 1):
        going = sum(len(x) > step + 1 for x in rollouts)  # the longest come first
        before, after = (np.stack([x[t] for x in rollouts[:going]]) for t in (step, step + 1))
        seen = np.abs(before[:, 8:]) < _LIMIT - 1e-4
        guess, now, then = find_actions(simulator, now[:going], seen, after, guess[:going])
        error = np.sqrt(((observed(then) - after) ** 2).mean(1))
        found.append((now, guess, error))
        beyond = np.sign(after) * np.maximum(np.abs(then), _LIMIT)
        clipped = (np.abs(after) >= _LIMIT - 1e-4) & (np.arange(17) >= 8)
        now = np.where(clipped, beyond, after)
        report((step + 1) / (len(rollouts[0]) - 1))
    return tuple(np.concatenate(values) for values in zip(*found, strict=True))


def fit_policy(
    frames: np.ndarray, actions: np.ndarray, seed: int, steps: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a policy (N, 17) → (N, 6) to ``actions``, robustly against the random ones."""
    torch.manual_seed(seed)
    rng, seen = np.random.default_rng(seed), observed(frames)
    mean, std = seen.mean(0), seen.std(0)
    x, u = (torch.from_numpy(v).float() for v in ((seen - mean) / std, actions))
    net = torch.nn.Sequential(
        torch.nn.Linear(17, _WIDTH), torch.nn.Tanh(), torch.nn.Linear(_WIDTH, _WIDTH),
        torch.nn.Tanh(), torch.nn.Linear(_WIDTH, _ACTIONS),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.03)
    for step in range(steps):
        for group in optimizer.param_groups:
            group['lr'] = 2e-3 * min(1.0, (step + 1) / 100) * (1.0 - step / steps)
        rows = torch.from_numpy(rng.integers(len(x), size=512))
        mean_action = net(x[rows])
        limited = mean_action.clamp(-1.0, 1.0)
        limited = limited + 0.01 * (mean_action - limited)  # keeps a gradient at the limits
        loss = torch.nn.functional.huber_loss(limited, u[rows], delta=0.15)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    @torch.no_grad()
    def policy(frames: np.ndarray) -> np.ndarray:
        normal = torch.from_numpy((observed(frames) - mean) / std).float()
        return net(normal).clamp(-1.0, 1.0).double().numpy()

    return policy


def make(
    rollouts: dict[str, np.ndarray],
    count: int,
    seed: int,
    report: Callable[[float, str], None],
    fitting: int = 5000,
) -> dict[str, np.ndarray]:
    """Simulate about ``count`` frames with a policy fitted in ``fitting`` gradient steps.

    Returns:
        Name → frames and the noise-free next frame of each, (2, T, 17).

    Raises:
        ValueError: the fitted policy keeps falling.
    """
    simulator = Simulator()
    chosen = list(rollouts.values())[:WALKED]
    frames, actions, error = find_all(
        simulator, chosen, lambda share: report(0.0, f'actions {100 * share:.0f} %')
    )
    good = error < 0.1
    frames = frames[good]
    policy = fit_policy(frames, actions[good], seed, fitting)
    rng, walked, made, steps = np.random.RandomState(seed), {}, 0, 0
    now, goal = np.zeros((WALKERS, 17)), np.zeros(WALKERS, int)
    walks: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(WALKERS)]
    while made < count:
        if steps * WALKERS > 20 * count + 1000 * WALKERS:
            raise ValueError(f'the fitted policy keeps falling: {made} of {count} frames simulated')
        steps += 1
        for place, walk in enumerate(walks):
            state = now[place]
            stands = np.isfinite(state).all() and WALKER2D.healthy(_qpos(state), state[8:])
            if not stands or len(walk) >= goal[place]:
                if len(walk) >= SHORTEST:
                    pairs = np.stack([np.stack(side) for side in zip(*walk, strict=True)], axis=0)
                    walked[f'simulated_{len(walked)}'] = pairs.astype(np.float32)
                    made += len(walk)
                walk.clear()
                now[place] = frames[rng.randint(len(frames))]
                if rng.rand() < FROM_START:
                    now[place] = rng.uniform(-1, 1, 17) * WALKER2D.reset_noise
                    now[place, 0] += simulator.model.qpos0[1]
                goal[place] = rng.randint(150, 400)
        mean = policy(now)
        noisy = mean + NOISE * rng.randn(*mean.shape)
        drawn = np.where(rng.rand(WALKERS, 1) < RANDOM, rng.uniform(-1, 1, mean.shape), noisy)
        after = simulator.step(np.r_[now, now], np.r_[drawn.clip(-1.0, 1.0), mean])
        for walk, *pair in zip(walks, observed(now), observed(after[WALKERS:]), strict=True):
            walk.append(tuple(pair))
        now = after[:WALKERS].copy()
        report(0.0, f'simulated {100 * min(1.0, made / count):.0f} %')
    return walked


def _qpos(frame: np.ndarray) -> np.ndarray:
    return np.r_[0.0, frame[:8]]


def write(path: Path, walked: dict[str, np.ndarray]) -> None:
    """Write simulated rollouts atomically."""
    content = io.BytesIO()
    np.savez(content, **walked)
    write_whole(path, content.getvalue())


def read(path: Path) -> dict[str, np.ndarray] | None:
    """Read what :func:`write` wrote; None if there is no such file.

    Raises:
        ValueError: the file is broken.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path}: not valid simulated rollouts: {error}; remove it') from None
