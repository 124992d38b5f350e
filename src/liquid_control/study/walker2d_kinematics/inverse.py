"""The actions behind recorded frames of Walker2d, found by inverse dynamics.

Gymnasium's walker is simulated with the old model file, whose feet are of unequal friction.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from mujoco import rollout

from liquid_control.sim import simulated_robot
from liquid_control.sim.robot import gymnasium_asset
from liquid_control.study.walker2d_kinematics import arrays

WALKER2D = simulated_robot('walker2d')
ACTIONS = len(WALKER2D.actuated)
_LIMIT = 10.0
"""Magnitude at which the data set's velocities are clipped."""
_WEIGHT = np.r_[np.full(8, 300.0), np.ones(9)]
"""Weights of positions and velocities in the error of a simulated frame."""
_JOINTS = np.arange(3, 9)
"""Velocities that are often clipped; if so, they are solved for together with the action."""
_PRIOR = np.r_[np.full(ACTIONS, 1e-3), np.full(len(_JOINTS), 4.0)]
"""Stiffness of the priors: actions near 0, clipped velocities near their estimate."""
KEEP_EVERY = 25
"""Frames of the longest rollout from one checkpoint to the next."""


class Simulator:
    """Walker2d with the frames of the data set, (N, 17), but unclipped velocities."""

    def __init__(self):
        path = gymnasium_asset('walker2d.xml')
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
    prior = np.where(np.c_[np.zeros((len(frames), ACTIONS), bool), seen[:, _JOINTS]], 1e12, _PRIOR)

    def parts(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        now, joints = frames.copy(), frames[:, 8 + _JOINTS]
        beyond = np.sign(joints) * np.maximum(np.abs(joints + z[:, ACTIONS:]), _LIMIT)
        now[:, 8 + _JOINTS] = np.where(seen[:, _JOINTS], joints, beyond)
        return now, simulator.step(now, z[:, :ACTIONS].clip(-1.0, 1.0))

    def errors(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        off = (observed(parts(z)[1]) - after) * _WEIGHT
        return off, (off**2).sum(1) + (np.minimum(prior, 1e3) * z**2)[:, ACTIONS:].sum(1)

    z = np.c_[guess, np.zeros((len(frames), len(_JOINTS)))]
    damping = np.full(len(frames), 1e-3)
    error, cost = errors(z)
    for _ in range(5):
        jacobian = np.empty((len(frames), 17, z.shape[1]))
        for index in range(z.shape[1]):
            small = 1e-4 if index < ACTIONS else 1e-3
            small = np.where(z[:, index] > 0.5, -small, small)
            moved = z.copy()
            moved[:, index] += small
            jacobian[:, :, index] = (errors(moved)[0] - error) / small[:, None]
        normal = jacobian.transpose(0, 2, 1) @ jacobian
        slope = (jacobian * error[:, :, None]).sum(1) + prior * z * (np.arange(12) >= ACTIONS)
        held = np.abs(z) >= 1.0
        held &= (z * slope < 0) & (np.arange(12) < ACTIONS)
        diagonal = prior + damping[:, None] * (1.0 + normal.diagonal(axis1=1, axis2=2))
        normal += np.eye(12) * (diagonal + 1e12 * held)[:, None]
        moved = z - np.linalg.solve(normal, (slope * ~held)[:, :, None])[:, :, 0]
        moved[:, :ACTIONS] = moved[:, :ACTIONS].clip(-1.0, 1.0)
        new_error, new_cost = errors(moved)
        better = new_cost < cost
        z, error = (np.where(better[:, None], *pair) for pair in ((moved, z), (new_error, error)))
        cost = np.where(better, new_cost, cost)
        damping = np.where(better, 0.1 * damping, 30.0 * damping)
    return z[:, :ACTIONS], *parts(z)


def find_all(
    simulator: Simulator,
    rollouts: list[np.ndarray],
    path: Path,
    origin: dict[str, Any],
    report: Callable[[float], None],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The actions behind all frames of some rollouts; resumes from ``path``.

    Args:
        simulator: simulator of the walker.
        rollouts: frames as observed, (T, 17) each.
        path: where the work under way is kept, and its result at the end.
        origin: what must be the same for the work to be resumed, plain JSON.
        report: called with the share that is done.

    Returns:
        All frames with unclipped velocities (N, 17), their actions (N, 6), the root mean squared
        error of the frames to which these lead (N,), and the seconds that it took.

    Raises:
        ValueError: ``path`` is broken or has another origin.
    """
    rollouts = sorted((x.astype(np.float64) for x in rollouts), key=len, reverse=True)
    kept = arrays.read(path, origin) or {
        'now': np.stack([x[0] for x in rollouts]),
        'guess': np.zeros((len(rollouts), ACTIONS)),
        'frames': np.zeros((0, 17)),
        'actions': np.zeros((0, ACTIONS)),
        'error': np.zeros(0),
        'done': np.array(0),
        'seconds': np.array(0.0),
    }
    parts = [(kept['frames'], kept['actions'], kept['error'])]
    now, guess, last = kept['now'], kept['guess'], len(rollouts[0]) - 1
    before_s, started = float(kept['seconds']), time.perf_counter()
    total, made = sum(len(x) - 1 for x in rollouts), len(kept['frames'])
    report(made / total)
    for step in range(int(kept['done']), last):
        going = sum(len(x) > step + 1 for x in rollouts)  # the longest come first
        before, after = (np.stack([x[t] for x in rollouts[:going]]) for t in (step, step + 1))
        seen = np.abs(before[:, 8:]) < _LIMIT - 1e-4
        guess, now, then = find_actions(simulator, now[:going], seen, after, guess[:going])
        error = np.sqrt(((observed(then) - after) ** 2).mean(1))
        parts.append((now, guess, error))
        beyond = np.sign(after) * np.maximum(np.abs(then), _LIMIT)
        clipped = (np.abs(after) >= _LIMIT - 1e-4) & (np.arange(17) >= 8)
        now = np.where(clipped, beyond, after)
        made += going
        if (step + 1) % KEEP_EVERY == 0 or step + 1 == last:
            frames, actions, errors = map(np.concatenate, zip(*parts, strict=True))
            parts = [(frames, actions, errors)]
            seconds = np.array(before_s + time.perf_counter() - started)
            state = {'now': now, 'guess': guess, 'done': np.array(step + 1), 'seconds': seconds}
            result = {'frames': frames, 'actions': actions, 'error': errors}
            arrays.write(path, {**state, **result}, origin)
        report(made / total)
    return *map(np.concatenate, zip(*parts, strict=True)), before_s + time.perf_counter() - started
