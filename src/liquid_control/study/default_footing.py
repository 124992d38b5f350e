"""The footing of studies on small data sets: in full, and to try them."""

from liquid_control.study.footing import Footing

FOOTING = Footing(
    sizes=(5_000,), updates=2_000, learning_rates=(0.003, 0.01, 0.03, 0.1), tuning_share=0.2,
    rounds=20,
)  # fmt: skip
QUICK = Footing(
    cells=('cfc', 'ltc', 'gru'), sizes=(5_000,), updates=60, learning_rates=(0.02,), rounds=3,
    seeds=1,
)  # fmt: skip
