"""A recurrent cell of your own: leaky integrators with learned time constants.

``my_cell.py`` trains it to hold the last value of a signal that is sampled at irregular times. Put
the class into a file of the package's ``cells/`` and one line into the registry there, and the
tests, trainings, benchmarks and the study know it by its name.
"""

import torch

from liquid_control.cells import Cell


class LeakyIntegrator(Cell):
    """h' = h + (1 − exp(−Δt·r))·(tanh(W·[x, h] + b) − h), r = softplus of its parameter.

    Exact for an input that is constant between samples; at Δt = 0 the state stays as it is.

    Args:
        input_size: I.
        hidden_size: H, the state and the output.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.input_size = input_size
        self.output_size = self.state_size = hidden_size
        self.target = torch.nn.Linear(input_size + hidden_size, hidden_size)
        self.rate = torch.nn.Parameter(torch.zeros(hidden_size))

    def advance(self, sensed, state, elapsed):
        target = torch.tanh(self.target(torch.cat([sensed, state], dim=1)))
        kept = torch.exp(-elapsed * torch.nn.functional.softplus(self.rate))
        after = target + kept * (state - target)
        return after, after

    def synapses(self) -> int:
        return self.target.weight.numel()

    def operations(self) -> int:
        return self.synapses() + 4 * self.output_size  # tanh, exp and two products a unit


def signals(batch: int, length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (value if it is new, whether it is), elapsed times, and the value to hold."""
    new = torch.rand(batch, length, 1) < 0.3
    new[:, 0] = True
    values = torch.empty(batch, length, 1).uniform_(-0.7, 0.7)
    last = torch.where(new, torch.arange(length).view(1, length, 1), 0).cummax(1).values
    return (
        torch.cat([values * new, new], dim=2),
        0.5 + torch.rand(batch, length),
        values.gather(1, last),
    )


def main(rounds: int = 300) -> float:
    torch.manual_seed(0)
    cell, readout = LeakyIntegrator(2, 16), torch.nn.Linear(16, 1)
    optimizer = torch.optim.Adam([*cell.parameters(), *readout.parameters()], 1e-2)
    for step in range(rounds):
        inputs, elapsed, wanted = signals(32, 10)
        outputs, _ = cell(inputs, elapsed)
        loss = (readout(outputs) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f'step {step}: error {loss.item():.4f}')
    print(f'{cell.counts()}\nerror {loss.item():.4f}; guessing the mean has 0.163')
    return loss.item()


if __name__ == '__main__':
    main()
