"""A recurrent policy trained elsewhere in PyTorch, as a bundle: ``pytorch_policy.py OUT.onnx``.

``Network`` stands for your own: an LSTM with hidden state h and cell state c, and weights from your
own training (``load_state_dict``). ``Step`` makes of it what a bundle needs, one step with one
state. At the end the bundle is compared with the network, step by step.

Three things go into ``Step``, because a contract holds plain readings in SI units: what the network
expects of its inputs (normalisation), what its outputs mean (scale and offset), and its memory.
"""

import sys

import numpy as np
import torch

from liquid_control import paths
from liquid_control.control import Bundle, Contract, PolicyRunner
from liquid_control.provenance import provenance
from liquid_control.training.export import step_graph


class Network(torch.nn.Module):
    """Your network: normalised observations (B, T, n) → raw actions (B, T, m)."""

    def __init__(self, inputs: int, actions: int, hidden: int = 64):
        super().__init__()
        self.lstm = torch.nn.LSTM(inputs, hidden, batch_first=True)
        self.head = torch.nn.Linear(hidden, actions)

    def forward(self, x, memory=None):
        outputs, memory = self.lstm(x, memory)
        return self.head(outputs), memory


class Step(torch.nn.Module):
    """One step: (observation, elapsed, state) → (action, prediction, next_state).

    The state is h and c side by side; all zeros is a reset, as in PyTorch. This network knows
    nothing of elapsed time, and predicts nothing: its prediction is the observation itself.
    """

    def __init__(self, network: Network, mean, std, scale: float, offset):
        super().__init__()
        self.network, self.scale = network, scale
        for name, values in (('mean', mean), ('std', std), ('offset', offset)):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))

    def forward(self, observation, elapsed, state):
        h, c = (part[None].contiguous() for part in state.chunk(2, dim=1))
        x = ((observation - self.mean) / self.std)[:, None]
        raw, (h, c) = self.network(x, (h, c))
        action = self.offset + self.scale * raw[:, 0]
        unused = 0.0 * elapsed
        return action, observation + unused, torch.cat([h[0], c[0]], dim=1)


def main(out: str) -> float:
    torch.manual_seed(0)
    robot = Contract.load(paths.robot('walker2d'))
    asked = robot.asking('joint_position', 'joint_velocity')
    network = Network(asked.observation_size, asked.action_size)
    mean, std = np.zeros(asked.observation_size), np.ones(asked.observation_size)
    step = Step(network, mean, std, scale=0.5, offset=np.zeros(asked.action_size))
    size = 2 * network.lstm.hidden_size
    bundle = Bundle(
        cell='lstm',
        settings={'trained': 'elsewhere, in PyTorch'},
        contract=asked,
        provenance=provenance(),
        scores={},
        counts={'parameters': sum(p.numel() for p in network.parameters()), 'state_size': size},
    )
    bundle.write(out, step_graph(step, asked, size))
    worst = compare(network, PolicyRunner(out), asked.observation_size)
    print(f'{out}: within {worst:.1e} of the network over 20 steps')
    return worst


def compare(network: Network, runner: PolicyRunner, inputs: int) -> float:
    """The largest difference of an action over 20 steps of random observations."""
    observations = np.random.default_rng(0).standard_normal((20, inputs)).astype(np.float32)
    with torch.no_grad():
        expected = 0.5 * network(torch.as_tensor(observations)[None])[0][0].numpy()
    actions = [runner.step(observation, 1.0).action for observation in observations]
    return float(np.abs(np.array(actions) - expected).max())


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python pytorch_policy.py OUT.onnx')
    main(sys.argv[1])
