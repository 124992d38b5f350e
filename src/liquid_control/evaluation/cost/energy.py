"""Estimate the energy of a step from published costs of operations.

Conventional: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
figure 1.1.9: 45 nm, 0.9 V; a 32-bit float addition takes 0.9 pJ and a multiplication 3.7 pJ; a
64-bit read takes 10 pJ from a cache of 8 kB, 20 pJ of 32 kB, 100 pJ of 1 MB, and 1.3 to 2.6 nJ
from DRAM. Of these a 32-bit read takes half.

Neuromorphic: M. Davies et al., "Loihi: A neuromorphic manycore processor with on-chip learning",
IEEE Micro 38(1), 2018, table 2: 23.6 pJ a synaptic operation at least, 81 pJ to update an active
neuron (14 nm; simulated before the chip was made).
"""

from liquid_control.evaluation.cost.operations import Operations

ADD_PJ, MULTIPLY_PJ = 0.9, 3.7
DIVIDE_PJ = 7.1 * MULTIPLY_PJ
"""7.1 multiplications, as measured on a Cortex-M4F (Front. Neurol. 2022, PMC8934428, table 3)."""
FUNCTION_PJ = 11 * MULTIPLY_PJ + 9 * ADD_PJ + DIVIDE_PJ
"""Assumed of every function: what ONNX Runtime's tanh takes, a quotient of two polynomials."""
READ_PJ = ((8 * 2**10, 5.0), (32 * 2**10, 10.0), (2**20, 50.0))
"""Bytes of weights up to which they fit a cache, and what a 32-bit read from it takes."""
DRAM_PJ = 650.0
SYNAPSE_PJ, NEURON_PJ = 23.6, 81.0
_CHEAP = ('div', 'sqrt')

ESTIMATE = (
    'Energy is an estimate, not measured: 45 nm, additions 0.9 pJ, multiplications 3.7 pJ, reads '
    'of weights from the smallest cache that holds them (Horowitz, ISSCC 2014); a division as 7.1 '
    'multiplications, any other function as 11 multiplications, 9 additions and a division '
    '(assumed).'
)
NEUROMORPHIC = (
    'Neuromorphic: if every synapse carried one event a step, at 23.6 pJ, and every value of the '
    'state were a neuron, at 81 pJ an update (Loihi, simulated; Davies et al., IEEE Micro 2018). '
    'No policy here is a spiking network; a value of several spikes costs as many times more.'
)


def energy_nj(operations: Operations, parameters: int) -> float:
    """Estimated energy of a step on a conventional processor, nJ.

    Args:
        operations: those of a step.
        parameters: 32-bit weights that are kept in memory.
    """
    arithmetic = (
        operations.products * (MULTIPLY_PJ + ADD_PJ)
        + operations.multiplications * MULTIPLY_PJ
        + (operations.additions + operations.comparisons) * ADD_PJ
        + sum(
            count * (DIVIDE_PJ if name in _CHEAP else FUNCTION_PJ)
            for name, count in operations.functions.items()
        )
    )
    return (arithmetic + operations.weights * read_pj(4 * parameters)) / 1e3


def read_pj(held: int) -> float:
    """Energy of reading one 32-bit weight from the smallest memory for ``held`` bytes, pJ."""
    return next((energy for limit, energy in READ_PJ if held <= limit), DRAM_PJ)


def neuromorphic_nj(operations: Operations, neurons: int) -> float:
    """Estimated energy of a step by synaptic events, nJ; see ``NEUROMORPHIC``."""
    return (operations.events * SYNAPSE_PJ + neurons * NEURON_PJ) / 1e3
