"""What a policy costs: numbers it holds, operations of a step, memory and energy."""

from typing import TYPE_CHECKING

from liquid_control.lazy import lazy_names

if TYPE_CHECKING:
    from liquid_control.evaluation.cost.figures import policy_figures, step_figures
    from liquid_control.evaluation.cost.graph import count_operations
    from liquid_control.evaluation.cost.operations import Operations
    from liquid_control.evaluation.cost.rapl import Rapl, RaplError
    from liquid_control.evaluation.cost.resident import resident_bytes, resident_mb

__all__ = [
    'Operations',
    'Rapl',
    'RaplError',
    'count_operations',
    'policy_figures',
    'resident_bytes',
    'resident_mb',
    'step_figures',
]
__getattr__ = lazy_names(
    __name__,
    {
        'figures': ('policy_figures', 'step_figures'),
        'graph': ('count_operations',),
        'operations': ('Operations',),
        'rapl': ('Rapl', 'RaplError'),
        'resident': ('resident_bytes', 'resident_mb'),
    },
)
