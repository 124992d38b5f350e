"""How many operations of each kind something takes."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Operations:
    """Operations on 32-bit numbers. They can be added, and multiplied by a whole number.

    Attributes:
        products: multiply-adds of products of matrices.
        multiplications: of other multiplications, value by value.
        additions: of other additions and subtractions, value by value.
        comparisons: of limits, maxima, signs and choices, value by value.
        functions: name → evaluations of functions that take more than these: ``tanh``, ``sigmoid``,
            ``exp``, ``softplus``, ``log``, ``sqrt``, ``div``, …
        weights: constants that are read, each as often as it is used.
        events: terms of sums over inputs: products with a weight that is not zero, and summands.
        unknown: types of operation that are not counted.
    """

    products: int = 0
    multiplications: int = 0
    additions: int = 0
    comparisons: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    weights: int = 0
    events: int = 0
    unknown: frozenset[str] = frozenset()

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds; a multiplication or an addition alone counts as one."""
        return self.products + self.multiplications + self.additions

    @property
    def transcendentals(self) -> int:
        """Evaluations of functions, divisions and roots among them."""
        return self.functions.total()

    def __add__(self, other: 'Operations') -> 'Operations':
        return Operations(
            self.products + other.products,
            self.multiplications + other.multiplications,
            self.additions + other.additions,
            self.comparisons + other.comparisons,
            self.functions + other.functions,
            self.weights + other.weights,
            self.events + other.events,
            self.unknown | other.unknown,
        )

    def __mul__(self, times: int) -> 'Operations':
        functions = Counter({name: count * times for name, count in self.functions.items()})
        return Operations(
            self.products * times,
            self.multiplications * times,
            self.additions * times,
            self.comparisons * times,
            functions,
            self.weights * times,
            self.events * times,
            self.unknown,
        )
