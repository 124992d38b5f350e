"""A twin of a runner shares the network, but no state carried between steps."""

import numpy as np
from support import arm, make_bundle

from liquid_control.control import Contract, PolicyRunner


def test_what_a_twin_does_changes_nothing(tmp_path):
    contract = Contract.from_dict(arm())
    bundle = make_bundle(tmp_path / 'policy.onnx', contract)
    alone, watched = PolicyRunner(bundle), PolicyRunner(bundle)
    twin = watched.twin()
    rng = np.random.default_rng(0)
    for _ in range(20):
        observation = rng.standard_normal(contract.sensed_size).astype(np.float32)
        elapsed = float(rng.uniform(0.5, 3.0))
        twin.step(rng.standard_normal(contract.sensed_size).astype(np.float32), 2.0)
        expected, found = alone.step(observation, elapsed), watched.step(observation, elapsed)
        twin.sent(np.ones_like(found.action))
        np.testing.assert_array_equal(found.action, expected.action)
        np.testing.assert_array_equal(found.prediction, expected.prediction)
