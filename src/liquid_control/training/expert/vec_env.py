"""Many worlds as an environment of Stable-Baselines3."""

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from liquid_control.control.contract import Contract
from liquid_control.sim import SimulatedRobot
from liquid_control.sim.batch import WorldBatch
from liquid_control.sim.reader import StateReader
from liquid_control.training.expert.disturbances import Disturbances


class Limits:
    """Between actions in [−1, 1], which networks give, and those inside a contract's limits."""

    def __init__(self, contract: Contract):
        lower, upper = np.array(contract.action.lower), np.array(contract.action.upper)
        self.middle, self.half = 0.5 * (upper + lower), 0.5 * (upper - lower)

    def commands(self, action: np.ndarray) -> np.ndarray:
        """Commands (..., m) for actions (..., m) in [−1, 1]."""
        return self.middle + self.half * action


class WorldVecEnv(VecEnv):
    """Stable-Baselines3 interface to :class:`WorldBatch`: observation (n,), action (m,)."""

    def __init__(self, robot: SimulatedRobot, count: int, seed: int, robust: bool = False):
        contract = robot.contract().asking(*robot.teacher_terms)
        self.worlds = WorldBatch(robot, count, seed, contract)
        self._read, self._limits = StateReader(self.worlds.model, contract), Limits(contract)
        width, size = contract.observation_size, contract.action_size
        self.disturbances = Disturbances(count, contract.action, seed) if robust else None
        self._action = np.zeros((count, size))
        observation = gymnasium.spaces.Box(-np.inf, np.inf, (width,), np.float32)
        action = gymnasium.spaces.Box(-1.0, 1.0, (size,), np.float32)
        super().__init__(count, observation, action)

    def _observe(self) -> np.ndarray:
        return self._read(self.worlds.qpos, self.worlds.qvel).astype(np.float32)

    def reset(self):
        for index in range(self.num_envs):
            self._restart(index)
        return self._observe()

    def _restart(self, index: int) -> None:
        self.worlds.reset(index)
        if self.disturbances:
            self.disturbances.restart(index)

    def step_async(self, actions):
        self._action = actions

    def step_wait(self):
        commands = self._limits.commands(self._action)
        if self.disturbances:
            commands = self.disturbances.pass_on(commands)
        reward, terminated = self.worlds.step(commands)
        done = terminated | (self.worlds.steps >= self.worlds.robot.episode_steps)
        infos: list[dict] = [{} for _ in range(self.num_envs)]
        observation = self._observe()
        if done.any():
            for index in np.flatnonzero(done):
                infos[index]['terminal_observation'] = observation[index]
                infos[index]['TimeLimit.truncated'] = not terminated[index]
                self._restart(index)
            observation = self._observe()
        return observation, reward.astype(np.float32), done, infos

    def close(self):
        self.worlds.close()

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise AttributeError(f'{attr_name}: the worlds have no attributes of their own to set')

    def env_method(self, method_name, *args, indices=None, **kwargs):
        raise AttributeError(f'{method_name}: the worlds have no methods of their own')

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs
