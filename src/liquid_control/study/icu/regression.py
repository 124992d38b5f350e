"""Penalised logistic regression."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit


def fit(inputs: np.ndarray, outcome: np.ndarray, penalty: float = 0.0) -> np.ndarray:
    """Intercept and coefficients (1 + C,) that minimise the penalised cross entropy.

    Args:
        inputs: (N, C).
        outcome: (N,) bool.
        penalty: weight of half the sum of the squared coefficients, the intercept left out.
    """
    inputs = np.concatenate([np.ones((len(inputs), 1)), inputs], axis=1)
    ridge = penalty * np.append(0.0, np.ones(inputs.shape[1] - 1))

    def loss(line: np.ndarray) -> float:
        logit = inputs @ line
        entropy = np.sum(np.logaddexp(0.0, logit) - outcome * logit)
        return float(entropy + 0.5 * ridge @ line**2) / len(inputs)

    def slope(line: np.ndarray) -> np.ndarray:
        return (inputs.T @ (expit(inputs @ line) - outcome) + ridge * line) / len(inputs)

    def curvature(line: np.ndarray) -> np.ndarray:
        risk = expit(inputs @ line)
        return ((inputs.T * (risk * (1.0 - risk))) @ inputs + np.diag(ridge)) / len(inputs)

    start = np.zeros(inputs.shape[1])
    return minimize(
        loss, start, jac=slope, hess=curvature, method='trust-exact', options={'gtol': 1e-10}
    ).x
