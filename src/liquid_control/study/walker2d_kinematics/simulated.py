"""Simulated rollouts that resemble the training rollouts of Walker2d kinematics.

The published rollouts contain no actions. Here the actions are recovered by inverse dynamics, a
policy is fitted to them, and the policy walks in the simulator. The target of each frame is the
result of the policy's action without noise, so that a predictor can learn the mean. About one
action in twenty of the published rollouts is uniformly random; so it is here.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from liquid_control.study.walker2d_kinematics import arrays
from liquid_control.study.walker2d_kinematics.fitted_policy import FittedPolicy
from liquid_control.study.walker2d_kinematics.inverse import WALKER2D, Simulator, find_all, observed

WALKED, RANDOM, NOISE = 60, 0.05, 0.06
"""Training rollouts whose actions are recovered; share of random actions; noise of the others."""
WALKERS, FROM_START, SHORTEST = 100, 0.15, 80
"""Walkers simulated in parallel; share of walks that begin at a reset, the others at a training
frame; minimum frames of a walk that is kept."""
START_NOISE = 5e-3
"""Largest deviation from rest at a reset, as in Gymnasium's Walker2d."""
KEEP_EVERY = 50_000
"""Simulated frames from one checkpoint to the next."""
FINDING, FITTING = 0.5, 0.15
"""Shares of the time that finding the actions and fitting the policy take; the rest is walking."""


class _Walks:
    """The walks simulated so far, and those under way: all that a checkpoint must keep."""

    def __init__(self, seed: int):
        self.rng = np.random.RandomState(seed)
        self.done: list[np.ndarray] = []
        """Finished walks, (T, 2, 17) float32 each: frames, and what follows without noise."""
        self.live: list[list[np.ndarray]] = [[] for _ in range(WALKERS)]
        self.now, self.goal = np.zeros((WALKERS, 17)), np.zeros(WALKERS, int)
        self.steps = 0

    @property
    def made(self) -> int:
        """Frames in finished walks."""
        return sum(map(len, self.done))

    def arrays(self) -> dict[str, np.ndarray]:
        state: Any = self.rng.get_state()
        _, keys, position, gauss, cached = state
        return {
            'done': np.concatenate([np.zeros((0, 2, 17), np.float32), *self.done]),
            'done_lengths': np.array(list(map(len, self.done)), int),
            'live': np.array([pair for walk in self.live for pair in walk]).reshape(-1, 2, 17),
            'live_lengths': np.array(list(map(len, self.live))),
            'now': self.now,
            'goal': self.goal,
            'steps': np.array(self.steps),
            'keys': keys,
            'generator': np.array([position, gauss, cached]),
        }

    def restore(self, kept: dict[str, np.ndarray]) -> None:
        """Restore :meth:`arrays`."""
        position, gauss, cached = kept['generator']
        self.rng.set_state(('MT19937', kept['keys'], int(position), int(gauss), float(cached)))
        self.done = _parts(kept['done'], kept['done_lengths'])
        self.live = [list(walk) for walk in _parts(kept['live'], kept['live_lengths'])]
        self.now, self.goal, self.steps = kept['now'], kept['goal'], int(kept['steps'])


def make(
    rollouts: dict[str, np.ndarray],
    count: int,
    seed: int,
    place: Callable[[str], Path],
    origin: dict[str, Any],
    report: Callable[[float, str], None],
    fitting: int = 5000,
) -> tuple[dict[str, np.ndarray], float]:
    """Simulate about ``count`` frames with a policy fitted in ``fitting`` gradient steps.

    Resumes from what an earlier call has kept.

    Args:
        rollouts: name → frames, (T, 17).
        count: number of frames.
        seed: seed of the policy and the walks.
        place: where ``actions``, ``policy`` and ``walks`` are kept.
        origin: where the rollouts are from, plain JSON.
        report: called with the share done and a text.

    Returns:
        Name → frames and the noise-free next frame of each, (2, T, 17); the seconds it took.

    Raises:
        ValueError: the fitted policy keeps falling, or what was kept is broken or from other
            settings.
    """
    simulator = Simulator()
    origin = {**origin, 'walked': WALKED, 'seed': seed}
    frames, actions, error, finding_s = find_all(
        simulator,
        list(rollouts.values())[:WALKED],
        place('actions'),
        origin,
        lambda share: report(FINDING * share, f'finding actions {share:.0%}'),
    )
    good = error < 0.1
    frames, actions = frames[good], actions[good]
    origin = {
        **origin, 'frames': count, 'walkers': WALKERS, 'random': RANDOM, 'noise': NOISE,
        'fitting': fitting,
    }  # fmt: skip
    policy = FittedPolicy(frames, seed)
    fitting_s = policy.fit(
        actions,
        fitting,
        place('policy'),
        origin,
        lambda share: report(FINDING + FITTING * share, f'fitting a policy {share:.0%}'),
    )
    walks = _Walks(seed)
    walking_s = _walk(
        walks,
        simulator,
        policy,
        frames,
        count,
        place('walks'),
        origin,
        lambda share: report(
            FINDING + FITTING + (1.0 - FINDING - FITTING) * share, f'simulating {share:.0%}'
        ),
    )
    walked = {f'simulated_{i}': walk.swapaxes(0, 1) for i, walk in enumerate(walks.done)}
    return walked, finding_s + fitting_s + walking_s


def _walk(
    walks: _Walks,
    simulator: Simulator,
    policy: FittedPolicy,
    frames: np.ndarray,
    count: int,
    path: Path,
    origin: dict[str, Any],
    report: Callable[[float], None],
) -> float:
    """Walk until there are ``count`` frames; resumes from ``path``; returns the seconds it took."""
    before_s, started = 0.0, time.perf_counter()
    kept = arrays.read(path, origin)
    if kept is not None:
        walks.restore(kept)
        before_s = float(kept['seconds'])
    saved = walks.made // KEEP_EVERY
    report(min(1.0, walks.made / count))
    while walks.made < count:
        if walks.steps * WALKERS > 20 * count + 1000 * WALKERS:
            raise ValueError(
                f'the fitted policy keeps falling: {walks.made} of {count} frames simulated'
            )
        _step(walks, simulator, policy, frames)
        if walks.made // KEEP_EVERY > saved or walks.made >= count:
            saved = walks.made // KEEP_EVERY
            seconds = np.array(before_s + time.perf_counter() - started)
            arrays.write(path, {**walks.arrays(), 'seconds': seconds}, origin)
        report(min(1.0, walks.made / count))
    return before_s + time.perf_counter() - started


def _step(
    walks: _Walks,
    simulator: Simulator,
    policy: Callable[[np.ndarray], np.ndarray],
    frames: np.ndarray,
) -> None:
    """Simulate one period of every walker; those that fell or are done begin anew."""
    walks.steps += 1
    now, rng = walks.now, walks.rng
    for index, walk in enumerate(walks.live):
        state = now[index]
        stands = np.isfinite(state).all() and not WALKER2D.task.fallen(_qpos(state), state[8:])
        if not stands or len(walk) >= walks.goal[index]:
            if len(walk) >= SHORTEST:
                walks.done.append(np.stack(walk))
            walk.clear()
            now[index] = frames[rng.randint(len(frames))]
            if rng.rand() < FROM_START:
                now[index] = rng.uniform(-1, 1, 17) * START_NOISE
                now[index, 0] += simulator.model.qpos0[1]
            walks.goal[index] = rng.randint(150, 400)
    mean = policy(now)
    noisy = mean + NOISE * rng.randn(*mean.shape)
    drawn = np.where(rng.rand(WALKERS, 1) < RANDOM, rng.uniform(-1, 1, mean.shape), noisy)
    after = simulator.step(np.r_[now, now], np.r_[drawn.clip(-1.0, 1.0), mean])
    for walk, *pair in zip(walks.live, observed(now), observed(after[WALKERS:]), strict=True):
        walk.append(np.stack(pair).astype(np.float32))
    walks.now = after[:WALKERS].copy()


def _parts(joined: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Undo a concatenation of parts of these lengths."""
    ends = np.cumsum(lengths)
    return [joined[end - length : end] for length, end in zip(lengths, ends, strict=True)]


def _qpos(frame: np.ndarray) -> np.ndarray:
    return np.r_[0.0, frame[:8]]
