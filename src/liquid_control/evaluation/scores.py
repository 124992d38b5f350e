"""How a policy does over a recording that another may have driven."""

from typing import Any

import numpy as np

from liquid_control.control.contract import Contract
from liquid_control.control.controller import Controller
from liquid_control.control.runtime import PolicyRunner
from liquid_control.evaluation.bag import Bag, BagError
from liquid_control.evaluation.metrics import figures, reason_counts
from liquid_control.evaluation.replay import recorded_trace, replay
from liquid_control.evaluation.runs import policy_contract

_KEPT = (
    'prediction_scored', 'prediction_scale', 'prediction_mse', 'persistence_mse',
    'prediction_ratio', 'prediction_channels', 'policy_step_us_p50', 'policy_step_us_p99',
)  # fmt: skip


def replay_scores(
    bag: Bag, runner: PolicyRunner, robot: Contract, observed: dict[str, str] | None = None
) -> dict[str, Any]:
    """Replay one policy → its figures, and how far its actions are from those recorded.

    Raises:
        BagError: a topic that the policy reads is missing, or not one observation came of it.
        ContractError: the policy does not fit the robot.
    """
    runner.warm_up()
    trace = replay(bag, Controller(runner, robot), observed)
    if not len(trace):
        raise BagError(f'{bag.path}: not one complete observation in it')
    recorded = recorded_trace(bag, runner.contract, observed)
    difference = trace.actions.astype(np.float64) - recorded.actions
    known = np.isfinite(difference).all(axis=1)
    difference = difference[known]
    found = figures(policy_contract(robot, runner.contract.sensed_channels), [trace])
    bundle = runner.bundle
    return {
        'policy': bundle.path.stem if bundle.path else bundle.cell,
        'bundle_sha256': bundle.sha256,
        'contract_sha256': bundle.contract.hash,
        'steps': len(trace),
        **{name: found[name] for name in _KEPT},
        'actions_compared': len(difference),
        'action_difference_max': float(np.abs(difference).max()) if len(difference) else None,
        'action_difference_rms': float(np.sqrt((difference**2).mean()))
        if len(difference)
        else None,
        'reasons': reason_counts([trace]),
    }
