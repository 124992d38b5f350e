"""Run a bundle: (observation, elapsed time) → (action, prediction), carrying the hidden state."""

import copy
import logging
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from onnxruntime import InferenceSession

from liquid_control.control.bundle import Bundle, BundleError
from liquid_control.control.contract import Contract
from liquid_control.control.elapsed import ElapsedWatch
from liquid_control.control.gate import float32_limits
from liquid_control.control.step_graph import INPUTS, OUTPUTS, open_session

_log = logging.getLogger(__name__)
_NO_TIME = 'elapsed: expected finite times of 0 or more, found {}'

_log = logging.getLogger(__name__)


class Decision(NamedTuple):
    """Result of one step: action (m,) and predicted next sensed values (p,); rows for a batch."""

    action: np.ndarray
    prediction: np.ndarray


class Course(NamedTuple):
    """Result of T steps: predicted next sensed values (T, p) and the states after them (T, s)."""

    predictions: np.ndarray
    states: np.ndarray


class PolicyRunner:
    """A policy ready to step, on one thread of ONNX Runtime.

    ``step`` takes the sensed values of the contract; if the policy asks for ``previous_action``,
    the runner supplies it: the last action clipped to the limits, or what :meth:`sent` reports
    as actually sent.

    ``watch`` compares the elapsed times with those of the policy's training; the first time that
    they stay far outside, a warning is logged, and ``watch.warning`` keeps it.

    Raises:
        BundleError: the file is not a bundle, is damaged, or its graph does not run.
    """

    def __init__(self, path: str | Path | Bundle):
        self.bundle = path if isinstance(path, Bundle) else Bundle.read(path)
        self._session = open_session(self.bundle.graph)
        self._sequence: InferenceSession | None = None
        contract = self.bundle.contract
        self._sensed, self._own = places(contract)
        self._lower, self._upper, self._safe = float32_limits(contract.action)
        self._batch = 0
        self.watch = ElapsedWatch(self.bundle.trained_elapsed)
        self.reset()
        try:
            self.warm_up(1)
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise BundleError(f'{self.bundle.path}: its graph does not run: {error}') from error

    @property
    def contract(self) -> Contract:
        """What the policy asks of a robot."""
        return self.bundle.contract

    def twin(self) -> 'PolicyRunner':
        """Return a runner of the same policy with its own state; the network is shared."""
        twin = copy.copy(self)
        twin._batch = 0
        twin.watch = ElapsedWatch(self.bundle.trained_elapsed)
        twin.reset()
        return twin

    def reset(self, batch: int = 1) -> None:
        """Zero the state, and take the safe action as the command sent last."""
        if batch != self._batch:
            self._allocate(batch)
        for state in self._states:
            state.fill(0.0)
        self._previous, self._as_sent = self._safe, True
        self.watch.restart()

    def _allocate(self, batch: int) -> None:
        """Allocate buffers for a batch, with two bindings between which the state alternates."""

        def zeros(node) -> np.ndarray:
            return np.zeros((batch, node.shape[1]), dtype=np.float32)

        observation, elapsed, state = self._session.get_inputs()
        action, prediction, _ = self._session.get_outputs()
        self._batch = batch
        self._shape = (batch, self.contract.sensed_size)
        self._observation, self._elapsed = zeros(observation), zeros(elapsed)
        self._action, self._prediction = zeros(action), zeros(prediction)
        self._states = zeros(state), zeros(state)
        self._turn = 0
        self._bindings = [
            self._bind(before, after) for before, after in (self._states, reversed(self._states))
        ]

    def _bind(self, state: np.ndarray, next_state: np.ndarray):
        binding = self._session.io_binding()
        inputs = (self._observation, self._elapsed, state)
        outputs = (self._action, self._prediction, next_state)
        for bind, names, arrays in (
            (binding.bind_input, INPUTS, inputs),
            (binding.bind_output, OUTPUTS, outputs),
        ):
            for name, values in zip(names, arrays, strict=True):
                bind(name, 'cpu', 0, np.float32, values.shape, values.ctypes.data)
        return binding

    @property
    def state(self) -> np.ndarray:
        """A copy of the recurrent state, (B, s)."""
        return self._states[self._turn].copy()

    @property
    def finite(self) -> bool:
        """Whether every value of the recurrent state is finite."""
        return bool(np.isfinite(self._states[self._turn]).all())

    def resume(self, states: np.ndarray) -> None:
        """Continue from these states (B, s), with their batch size."""
        self.reset(len(states))
        self._states[self._turn][:] = states

    def warm_up(self, steps: int = 20) -> None:
        """Step a few times so that the first real step is not the slowest, then reset."""
        for _ in range(steps):
            self.step(np.zeros(self.contract.sensed_size, dtype=np.float32), 1.0)
        self.reset()

    def step(self, observation: ArrayLike, elapsed: ArrayLike) -> Decision:
        """Advance one step.

        Args:
            observation: sensed values in the contract's order and units, (p,) or (B, p).
            elapsed: time since the previous observation over the nominal period: a number, (B,)
                or (B, 1). It is 1 at the nominal rate.

        Raises:
            ValueError: a shape does not fit the contract or the batch of the last reset, or an
                elapsed time is negative or not finite.
        """
        if not isinstance(observation, np.ndarray):
            observation = _numbers('observation', observation)
        rows = observation[None] if observation.ndim == 1 else observation
        if rows.shape != self._shape:
            raise ValueError(
                f'observation: expected {self._shape}, found {observation.shape}; '
                'reset(batch) sets the batch'
            )
        self._observation[:, self._sensed] = rows
        if self._own is not None:
            self._observation[:, self._own] = self._command()
        self._take_elapsed(elapsed)
        self._session.run_with_iobinding(self._bindings[self._turn])
        self._turn = 1 - self._turn
        action, prediction = self._action.copy(), self._prediction.copy()
        self._previous, self._as_sent = action, False
        if observation.ndim == 1:
            return Decision(action[0], prediction[0])
        return Decision(action, prediction)

    def _take_elapsed(self, elapsed: ArrayLike) -> None:
        if isinstance(elapsed, float):
            if not 0.0 <= elapsed < math.inf:
                raise ValueError(_NO_TIME.format(elapsed))
            self._elapsed.fill(elapsed)
            self._watch(elapsed)
            return
        values = _numbers('elapsed', elapsed)
        if values.shape not in ((), (1,), (self._batch,), (self._batch, 1)):
            raise ValueError(
                f'elapsed: expected a number, ({self._batch},) or ({self._batch}, 1), found '
                f'{values.shape}; reset(batch) sets the batch'
            )
        if not (values.min() >= 0.0 and values.max() < math.inf):
            raise ValueError(_NO_TIME.format(values.tolist()))
        self._elapsed[:] = values.reshape(-1, 1)
        self._watch(float(values.mean()))

    def _watch(self, elapsed: float) -> None:
        self.warn(self.watch.add(elapsed))

    def warn(self, warning: str | None) -> None:
        """Log what ``watch`` noticed, if anything."""
        if warning is not None:
            _log.warning('%s: %s', self.bundle.path or self.bundle.cell, warning)

    def outputs(
        self, observation: np.ndarray, elapsed: np.ndarray, state: np.ndarray
    ) -> list[np.ndarray]:
        """Action (1, m), prediction (1, p) and next state (1, s) of one step of the graph alone.

        The runner's own state is neither read nor changed.

        Args:
            observation: what the graph reads, (1, n) float32.
            elapsed: (1, 1) float32.
            state: (1, s) float32.
        """
        values = (observation.copy(), elapsed.copy(), state.copy())  # aligned, as bound buffers are
        return self._session.run(OUTPUTS, dict(zip(INPUTS, values, strict=True)))

    def sequence(self, observations: np.ndarray, elapsed: np.ndarray) -> Course:
        """Advance T steps of one robot in a single network call, which is faster than stepping.

        Only for bundles that need no previous action. The first call builds the network for it.

        Args:
            observations: sensed values, (T, p), T ≥ 1.
            elapsed: time before each observation in nominal periods, (T,).

        Raises:
            ValueError: a shape does not fit, the bundle asks for the previous action, or the
                runner is set to a batch other than 1.
            BundleError: the bundle's graph does not run in a sequence.
        """
        # Only recordings need onnx: a node that drives should not pay for the import.
        from liquid_control.control.sequence import SEQUENCE_INPUTS, SEQUENCE_OUTPUTS

        if self._own is not None or self._batch != 1:
            raise ValueError(
                'sequence: expected a bundle without previous_action and a batch of 1, found '
                f'{", ".join(term.name for term in self.contract.terms)} and {self._batch}'
            )
        wanted = (len(observations), self.contract.sensed_size), (len(observations),)
        found = np.shape(observations), np.shape(elapsed)
        if found != wanted or not len(observations):
            raise ValueError(
                f'sequence: expected observations (T, {self.contract.sensed_size}) and elapsed '
                f'(T,), T ≥ 1, found {found[0]} and {found[1]}'
            )
        if self._sequence is None:
            self._sequence = self._open_sequence()
        values = (
            np.asarray(observations, dtype=np.float32)[:, None],
            np.asarray(elapsed, dtype=np.float32)[:, None, None],
            self._states[self._turn],
        )
        for passed in values[1].ravel().tolist():
            self._watch(passed)
        given = dict(zip(SEQUENCE_INPUTS, values, strict=True))
        predictions, states = self._sequence.run(SEQUENCE_OUTPUTS, given)
        self._states[self._turn][:] = states[-1]
        return Course(predictions[:, 0], states[:, 0])

    def _open_sequence(self) -> InferenceSession:
        from liquid_control.control.sequence import sequence_graph

        try:
            return open_session(sequence_graph(self.bundle.graph))
        except Exception as error:  # onnx's and onnxruntime's exceptions share no base class
            raise BundleError(
                f'{self.bundle.path}: its graph does not run in a sequence: {error}'
            ) from error

    def sent(self, command: np.ndarray) -> None:
        """Report what was actually sent, (m,) or (B, m), if it is not the clipped action.

        The array is kept, not copied.
        """
        self._previous, self._as_sent = command, True

    def _command(self) -> np.ndarray:
        """The command sent last, as far as known."""
        if self._as_sent:
            return self._previous
        return np.minimum(np.maximum(self._previous, self._lower), self._upper)


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'{name}: expected an array of numbers, found a {type(values).__name__}: {error}'
        ) from None


def places(contract: Contract) -> tuple[slice | np.ndarray, slice | np.ndarray | None]:
    """Indices of the sensed values and of the previous action in an observation."""
    sensed, own, start = [], [], 0
    for term in contract.terms:
        (sensed if term.sensed else own).extend(range(start, start + len(term.channels)))
        start += len(term.channels)
    return _as_slice(sensed), _as_slice(own) if own else None


def _as_slice(places: list[int]) -> slice | np.ndarray:
    """Indices as a slice if they are contiguous, which indexes several times faster."""
    if places == list(range(places[0], places[-1] + 1)):
        return slice(places[0], places[-1] + 1)
    return np.array(places, dtype=np.intp)
