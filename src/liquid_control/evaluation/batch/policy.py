"""One policy for many robots, each row equal to a step of the policy by itself."""

import numpy as np

from liquid_control.control.elapsed import STEPS
from liquid_control.control.gate import float32_limits
from liquid_control.control.runtime import PolicyRunner, places
from liquid_control.control.step_graph import INPUTS, OUTPUTS, StepGraphError, open_session
from liquid_control.evaluation.batch.graph import batch_graph

_SIZE = 8
"""Batches have a multiple of so many rows."""
_TRIES = 3
"""Steps by which a batch size is compared with single rows."""


class BatchStepError(Exception):
    """A step of the policy failed for one of the robots, or for all."""


class BatchPolicy:
    """A policy that steps any of N robots at once.

    Before a batch size is used, some steps of all of its rows are compared with steps of a single
    row, bit for bit. Where they differ, robots are stepped one after another.

    Args:
        runner: the policy; its own state is left alone, and its ``watch`` notices elapsed times
            far outside those of the policy's training.
        count: N.
    """

    def __init__(self, runner: PolicyRunner, count: int):
        self.contract = contract = runner.contract
        self.trained_elapsed = runner.bundle.trained_elapsed
        self._alone, self._runner = runner.twin(), runner
        self._passed, self._steps = np.zeros(count), np.zeros(count, dtype=np.int64)
        self._session = open_session(_for_batches(runner.bundle.graph), arena=True)
        self._sensed, self._own = places(contract)
        self.safe = float32_limits(contract.action)[2]
        most = -(-count // _SIZE) * _SIZE
        widths = [node.shape[1] for node in self._session.get_inputs()]
        self._observation, self._elapsed, self._before = (
            np.zeros((most, width), dtype=np.float32) for width in widths
        )
        self._action, self._prediction, self._after = (
            np.zeros((most, node.shape[1]), dtype=np.float32)
            for node in self._session.get_outputs()
        )
        self.state = np.zeros((count, widths[2]), dtype=np.float32)
        """Recurrent state of each robot, (N, s)."""
        self._bindings: dict[int, object | None] = {}

    def reset(self, rows: np.ndarray) -> None:
        """Zero the state of some robots."""
        self.state[rows] = 0.0
        self._passed[rows], self._steps[rows] = 0.0, 0

    def step(
        self, rows: np.ndarray, observation: np.ndarray, elapsed: np.ndarray, sent: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Advance K of the robots by one step.

        Args:
            rows: which, (K,).
            observation: their sensed values in the contract's order, (K, p).
            elapsed: time since the previous observation of each in nominal periods, (K,).
            sent: the command last sent to each, (K, m).

        Returns:
            Their actions (K, m), predictions (K, p), and whether their states are finite, (K,).

        Raises:
            BatchStepError: the graph does not run.
        """
        count = len(rows)
        self._watch(rows, elapsed)
        self._observation[:count, self._sensed] = observation
        if self._own is not None:
            self._observation[:count, self._own] = sent
        self._elapsed[:count, 0] = elapsed
        self._before[:count] = self.state[rows]
        try:
            self._run(count)
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise BatchStepError(str(error)) from error
        after = self._after[:count]
        self.state[rows] = after
        finite = np.all(np.isfinite(after), axis=1)
        return self._action[:count].copy(), self._prediction[:count].copy(), finite

    def _watch(self, rows: np.ndarray, elapsed: np.ndarray) -> None:
        """Judge the mean elapsed time of each robot over so many steps, as a runner does."""
        if self._runner.watch.settled:
            return
        self._passed[rows] += elapsed
        self._steps[rows] += 1
        full = rows[self._steps[rows] == STEPS]
        for mean in (self._passed[full] / STEPS).tolist():
            self._runner.warn(self._runner.watch.judge(mean))
        self._passed[full], self._steps[full] = 0.0, 0

    def _run(self, count: int) -> None:
        size = -(-count // _SIZE) * _SIZE
        if size not in self._bindings:
            self._bindings[size] = self._bind(size) if self._equal(size) else None
        binding = self._bindings[size]
        if binding is None:
            self._one_by_one(count)
        else:
            self._session.run_with_iobinding(binding)

    def _bind(self, size: int) -> object:
        """Bind the first rows of the buffers."""
        binding = self._session.io_binding()
        given = (self._observation, self._elapsed, self._before)
        found = (self._action, self._prediction, self._after)
        for bind, names, arrays in (
            (binding.bind_input, INPUTS, given),
            (binding.bind_output, OUTPUTS, found),
        ):
            for name, values in zip(names, arrays, strict=True):
                shape = (size, values.shape[1])
                bind(name, 'cpu', 0, np.float32, shape, values.ctypes.data)
        return binding

    def _one_by_one(self, count: int) -> None:
        for row in range(count):
            part = slice(row, row + 1)
            given = (self._observation[part], self._elapsed[part], self._before[part])
            found = self._alone.outputs(*given)
            self._action[part], self._prediction[part], self._after[part] = found

    def _equal(self, size: int) -> bool:
        """Whether rows of a batch of this size are single rows, bit for bit."""
        rng = np.random.default_rng(size)
        state = np.zeros((size, self.state.shape[1]), dtype=np.float32)
        for _ in range(_TRIES):
            observation = rng.standard_normal((size, self._observation.shape[1]))
            elapsed = rng.uniform(0.5, 2.0, (size, 1))
            given = (observation.astype(np.float32), elapsed.astype(np.float32), state)
            many = self._session.run(OUTPUTS, dict(zip(INPUTS, given, strict=True)))
            for row in range(size):
                single = self._alone.outputs(*(values[row : row + 1] for values in given))
                for one, batch in zip(single, many, strict=True):
                    if not np.array_equal(one[0], batch[row], equal_nan=True):
                        return False
            state = many[2]
        return True


def _for_batches(graph: bytes) -> bytes:
    """The graph for batches, where ONNX can read and write it."""
    try:
        wide = batch_graph(graph)
        open_session(wide)
    except (StepGraphError, ValueError):
        return graph
    return wide
